"""Say in one line what went wrong between here and the server, and which setting to change."""

import re

from openai import APIConnectionError, APIStatusError, APITimeoutError, OpenAIError

from rlef_core import PolicyFault, RlefError, UsageError
from rlef_openai.config import OpenaiConfig

_FULL = re.compile(r"context[ _](?:length|window|size)|max_model_len|max_(?:completion_)?tokens must be at least 1", re.IGNORECASE)
_SHOWN = 300


def is_full(error: Exception) -> bool:
    """The server refused a request because prompt and answer do not fit into the model's context, by OpenAI's code or by its words."""
    if not isinstance(error, APIStatusError) or error.status_code not in (400, 413, 422):
        return False
    return error.code == "context_length_exceeded" or _FULL.search(told(error)) is not None


def explained(error: OpenAIError | ValueError, config: OpenaiConfig, served: list[str] | None) -> RlefError:
    """UsageError for what no other request would escape (a wrong key, an unknown model or address), else PolicyFault.

    `served` are the models that the server serves; None where it did not say.
    """
    place = f"policy.base_url {config.base_url!r}"
    if isinstance(error, APIStatusError):
        return _refused(error, config, served)
    if isinstance(error, APITimeoutError):
        return PolicyFault(f"no answer from {place} within policy.timeout {config.timeout:g} s (policy.retries {config.retries}): raise it")
    if isinstance(error, APIConnectionError):
        return PolicyFault(f"cannot reach {place}: {_innermost(error)}; is the server up, and is the address right?")
    return PolicyFault(f"{place} gave an answer that is none: {type(error).__name__}: {error}")


def told(error: APIStatusError) -> str:
    """What the server says itself, in one line."""
    body = error.body
    words = body.get("message") if isinstance(body, dict) else body
    return " ".join(str(words or error.message).split())[:_SHOWN]


def _refused(error: APIStatusError, config: OpenaiConfig, served: list[str] | None) -> RlefError:
    found, code = f"policy.base_url {config.base_url!r} answered {error.status_code} ({told(error)})", error.status_code
    if code == 401:
        return UsageError(f"{found}: {_key(config)}")
    if code == 404:
        return UsageError(f"{found}: {_missing(config, served)}")
    if code == 429 or code >= 500:
        advice = "lower policy.requests_at_once, set policy.requests_per_minute, or raise policy.retries"
        return PolicyFault(f"{found}, with policy.retries {config.retries}: {advice}")
    return PolicyFault(f"{found}: look at policy.model, limit_field, token_ids and extra, and at what is sampled by")


def _innermost(error: BaseException) -> str:
    while error.__cause__ is not None or error.__context__ is not None:
        error = error.__cause__ or error.__context__ or error
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def _key(config: OpenaiConfig) -> str:
    if config.api_key_env is None:
        return "set policy.api_key_env to the environment variable that holds one"
    return f"look at what environment variable {config.api_key_env!r} (policy.api_key_env) holds"


def _missing(config: OpenaiConfig, served: list[str] | None) -> str:
    if served is None:
        return "there are no chat completions at this address; does it lack '/v1'?"
    return f"policy.model is {config.model!r}, expected one that is served: {', '.join(map(repr, served)) or 'there is none'}"
