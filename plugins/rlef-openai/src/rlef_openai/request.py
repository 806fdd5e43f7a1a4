"""Put a conversation and a sampling into the words of OpenAI's chat completions."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from rlef_core import Message, Sampling, UsageError
from rlef_openai.config import OpenaiConfig

Said: TypeAlias = Mapping[str, str]
"""One message of a request: `role` and `content`."""


def said(message: Message, characters_per_token: float) -> Said:
    """A message of a request; beyond `max_tokens` times `characters_per_token` characters it loses its middle."""
    if message.max_tokens is None:
        return {"role": message.role, "content": message.content}
    return {"role": message.role, "content": _cut(message.content, int(message.max_tokens * characters_per_token))}


def request(config: OpenaiConfig, conversation: Sequence[Said], sampling: Sampling) -> dict[str, Any]:
    """The body of a request. Raises UsageError for `ignore_end`, which the protocol has not."""
    if sampling.ignore_end:
        raise UsageError("policy 'openai' cannot sample past an end of turn (Sampling.ignore_end): the protocol has no such field")
    body: dict[str, Any] = {
        "model": config.model,
        "messages": list(conversation),
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        config.limit_field: sampling.max_tokens,
    }
    if sampling.seed is not None:
        body["seed"] = sampling.seed
    if config.token_ids:
        body |= {"return_token_ids": True, "logprobs": True}
    return body | dict(config.extra)


def _cut(text: str, most: int) -> str:
    # Where a policy that counts tokens would cut: a message opens with what it is about and ends with what it asks for.
    if len(text) <= most:
        return text
    tail = most // 4
    return text[: most - tail] + text[len(text) - tail :]
