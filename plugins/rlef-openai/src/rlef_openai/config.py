"""The settings of policy `openai`."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import attrs
from attrs import frozen

from rlef_core import not_negative, one_of, positive, setting

OWN_FIELDS = frozenset({"model", "messages", "temperature", "top_p", "seed", "max_tokens", "max_completion_tokens", "n", "stream"})
"""The fields of a request that the policy writes, or that would change what it gets back."""
MOST_CONNECTIONS = 1000


def _address(_: Any, attribute: "attrs.Attribute[Any]", value: str) -> None:
    address = urlsplit(value)
    if address.scheme not in ("http", "https") or not address.netloc:
        raise ValueError(f"{attribute.name} is {value!r}, expected an address such as 'http://127.0.0.1:8000/v1'")
    if "@" in address.netloc:
        raise ValueError(f"{attribute.name} holds a password, which plan.json would keep; expected it in a variable that api_key_env names")


def _connections(_: Any, attribute: "attrs.Attribute[Any]", value: int) -> None:
    if not 1 <= value <= MOST_CONNECTIONS:
        raise ValueError(f"{attribute.name} is {value!r}, expected 1 to {MOST_CONNECTIONS}, the most connections that the client opens")


def _variable(_: Any, attribute: "attrs.Attribute[Any]", value: str | None) -> None:
    # The text itself is not shown: it may be the key that was meant to be in the variable.
    if value is not None and not value.isidentifier():
        raise ValueError(f"{attribute.name} is no name of an environment variable, expected one such as 'OPENAI_API_KEY', never the key")


def _foreign(_: Any, attribute: "attrs.Attribute[Any]", value: Mapping[str, Any]) -> None:
    own = sorted(OWN_FIELDS & value.keys())
    if own:
        raise ValueError(f"{attribute.name} holds {own}, which the policy decides; expected other fields only")


@frozen
class OpenaiConfig:
    """Config of policy `openai`."""

    base_url: str = setting(help="the API's address, for example `http://127.0.0.1:8000/v1`", validator=_address, resumable=True)
    model: str = setting(help="the name under which the server serves the model")
    api_key_env: str | None = setting(
        None,
        help="environment variable that holds the API key; the word none is sent for one unless set",
        validator=_variable,
        resumable=True,
    )
    timeout: float = setting(
        600.0, help="longest wait for the server within one attempt", unit="seconds", validator=positive, resumable=True
    )
    retries: int = setting(
        4,
        help="further attempts after one that was refused for now (429, 5xx) or lost; each waits as Retry-After says, else ever longer",
        validator=not_negative,
        resumable=True,
    )
    requests_at_once: int = setting(64, help="requests under way at once, 1000 at most", validator=_connections, resumable=True)
    requests_per_minute: float | None = setting(
        None, help="most attempts begun in a minute, evenly spaced; no bound unless set", validator=positive, resumable=True
    )
    limit_field: str = setting(
        "max_tokens",
        help="the request's field for the longest answer; newer models of OpenAI want max_completion_tokens",
        validator=one_of("max_tokens", "max_completion_tokens"),
    )
    characters_per_token: float = setting(
        4.0,
        help="a client cannot count tokens: a message that may have N of them loses its middle beyond N times so many characters",
        validator=positive,
    )
    token_ids: bool = setting(False, help="ask for token ids and log-probs, as vLLM's server gives them; otherwise ids are stand-ins")
    extra: Mapping[str, Any] = setting(factory=dict, help="more fields of each request, as they are, such as top_k", validator=_foreign)
