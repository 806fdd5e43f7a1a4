"""Make an action of what the server answered; where it tells no token ids, stand-ins of the right count take their place."""

from collections.abc import Sequence

from openai.types.chat import ChatCompletion
from openai.types.chat.chat_completion import Choice

from rlef_core import Action, Finish, PolicyFault, VersionSpan

STAND_IN = -1
"""Stands for a token whose id is not known. No model has a token of this id, so that nothing can be learnt from it unnoticed."""

_FINISHES = {"stop": Finish.STOP, "length": Finish.LENGTH, "content_filter": Finish.ABORT, "abort": Finish.ABORT}


def action_of(completion: ChatCompletion, known: Sequence[int], most: int, version: int) -> Action:
    """The action after the ids `known`, sampled with at most `most` tokens. Raises PolicyFault for an answer without choices or counts.

    `prompt_ids` begins with `known`: the server's own ids where they continue it, else as many stand-ins more as its count says (at
    least one, for the server may count what went before differently). Log-probs that it did not tell are 0.
    """
    if not completion.choices or completion.usage is None:
        raise PolicyFault("the server's answer has no `choices` or no `usage`, expected both, as in OpenAI's chat completions")
    choice = completion.choices[0]
    ids = _told(choice, "token_ids") or (STAND_IN,) * completion.usage.completion_tokens
    prompt = _prompt(known, _told(completion, "prompt_token_ids"), completion.usage.prompt_tokens)
    spans = (VersionSpan(0, version),) if ids else ()
    text = choice.message.content or choice.message.refusal or ""
    return Action(text, prompt, ids, _logprobs(choice, len(ids)), spans, _finish(choice, len(ids) < most))


def no_room(known: Sequence[int]) -> Action:
    """The action that says that the server's context is full."""
    return Action("", tuple(known), (), (), (), Finish.CONTEXT)


def _told(record: ChatCompletion | Choice, field: str) -> tuple[int, ...]:
    # vLLM's own fields: the client keeps what it does not know.
    ids = (record.model_extra or {}).get(field)
    return tuple(ids) if isinstance(ids, list) else ()


def _prompt(known: Sequence[int], told: tuple[int, ...], count: int) -> tuple[int, ...]:
    before = tuple(known)
    if len(told) > len(before) and told[: len(before)] == before:
        return told
    return before + (STAND_IN,) * max(1, count - len(before))


def _logprobs(choice: Choice, count: int) -> tuple[float, ...]:
    told = choice.logprobs.content if choice.logprobs else None
    if told is None or len(told) != count:
        return (0.0,) * count
    return tuple(min(token.logprob, 0.0) for token in told)


def _finish(choice: Choice, short: bool) -> Finish:
    # Cut before it was as long as it might be: the context was full.
    finish = _FINISHES.get(choice.finish_reason, Finish.STOP)
    return Finish.CONTEXT if finish is Finish.LENGTH and short else finish
