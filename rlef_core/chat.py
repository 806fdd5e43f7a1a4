"""Lay a conversation out as token ids, exactly: nothing sampled is ever tokenised again, nothing printed can forge a turn."""

from collections.abc import Sequence
from datetime import date
from typing import Protocol

from rlef_core.errors import ExitCode, RlefError
from rlef_core.records import Message


class ChatTemplateError(RlefError):
    """The tokenizer's chat template cannot be used for training over several turns; the message says why and what to do."""

    exit_code = ExitCode.SPEC


class Tokenizer(Protocol):
    """What rendering needs of a tokenizer. It never adds tokens of its own (no BOS, no EOS)."""

    def encode(self, text: str, *, special: bool) -> list[int]:
        """The ids of `text`. With `special` false, control tokens spelled out in the text become ordinary pieces."""

    def decode(self, ids: Sequence[int]) -> str:
        """The text of `ids`, without control tokens."""

    def render(self, messages: Sequence[Message], *, generation: bool) -> str:
        """The chat template's text of `messages`; with `generation`, up to where the model's answer starts."""

    @property
    def end_of_turn(self) -> frozenset[int]:
        """The ids that end an answer when they are sampled."""


class Transcript:
    """One conversation as ids: `observe` new messages, `answer` with what was sampled, and so on; `ids` is what the model has seen.

    Only the template's own text may become control tokens. A message longer than its `max_tokens` loses its middle. Where an answer was cut
    before its end-of-turn token, the next observation adds it, unsampled.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.ids: list[int] = []
        self._tokenizer = tokenizer
        self._shape: list[Message] = []
        self._unanswered: tuple[Message, ...] | None = None
        self._trims = _trims(tokenizer)

    def observe(self, messages: Sequence[Message]) -> None:
        """Append the ids of `messages` and of the prompt to answer. Raises ChatTemplateError if the template changes earlier text."""
        start = len(self._shape)
        shape = [Message(message.role, _marker(start + index)) for index, message in enumerate(messages)]
        literals = self._literals([*self._shape, *shape], shape)
        new = self._without_second_end(literals[0])
        for message, literal in zip(messages, literals[1:], strict=True):
            new += self._content(message) + literal
        self.ids += new
        self._shape += [*shape, Message("assistant", _marker(start + len(shape)))]

    def observe_once(self, messages: Sequence[Message]) -> None:
        """As `observe`, but messages whose answer was lost may come again. Raises ValueError where others come in their place."""
        asked = tuple(messages)
        if self._unanswered is None:
            self.observe(asked)
            self._unanswered = asked
        elif self._unanswered != asked:
            raise ValueError(f"an answer to {self._unanswered!r} is due, expected the same messages again and not {asked!r}")

    def answer(self, ids: Sequence[int]) -> None:
        """Append sampled ids as they are."""
        self.ids += ids
        self._unanswered = None

    def _literals(self, shape: list[Message], new: list[Message]) -> list[list[int]]:
        # The template's own text before, between and after the new messages, as ids.
        text = self._suffix(shape)
        literals = []
        for message in new:
            literal, found, text = text.partition(message.content)
            if not found:
                raise ChatTemplateError(_lost(message.role))
            literals.append(literal)
        return [self._tokenizer.encode(literal, special=True) for literal in [*literals, text]]

    def _suffix(self, shape: list[Message]) -> str:
        # What the template adds after the last answer; before the first answer, everything.
        text = _render(self._tokenizer, shape)
        if not self._shape:
            return text
        prompt = _render(self._tokenizer, self._shape[:-1])
        answer = self._shape[-1].content
        if not text.startswith(prompt + answer):
            raise ChatTemplateError(_lost("assistant"))
        return text[len(prompt + answer) :]

    def _content(self, message: Message) -> list[int]:
        text = message.content.strip() if self._trims else message.content
        ids = self._tokenizer.encode(text, special=False)
        if message.max_tokens is None or len(ids) <= message.max_tokens:
            return ids
        # The middle is left out: a message opens with what it is about and ends with what it asks for.
        tail = message.max_tokens // 4
        return ids[: message.max_tokens - tail] + ids[len(ids) - tail :]

    def _without_second_end(self, literal: list[int]) -> list[int]:
        # The template ends the answer too: where the model sampled its end-of-turn, the template's is left out.
        ends = self._tokenizer.end_of_turn
        if not self._shape or self.ids[-1] not in ends:
            return literal
        first = next((index for index, id in enumerate(literal) if id in ends), None)
        return literal if first is None else literal[first + 1 :]


def check_template(tokenizer: Tokenizer) -> None:
    """Raise ChatTemplateError when the template loses a message, drops or changes earlier text, or inserts today's date."""
    user, answer, more = Message("user", _marker(0)), Message("assistant", _marker(1)), Message("user", _marker(2))
    first = _render(tokenizer, [user])
    whole = _render(tokenizer, [user, answer, more])
    if first.count(user.content) != 1 or whole.count(more.content) != 1:
        raise ChatTemplateError(_lost("user"))
    if not whole.startswith(first + answer.content):
        raise ChatTemplateError(_lost("assistant"))
    thought = Message("assistant", f"<think>{_marker(3)}</think>{_marker(1)}")
    if _marker(3) not in _render(tokenizer, [user, thought, more]):
        raise ChatTemplateError(_lost("assistant"))
    _check_date(whole)


def _check_date(text: str) -> None:
    today = date.today()
    forms = ("%d %b %Y", "%d %B %Y", "%B %d, %Y", "%b %d, %Y", "%Y-%m-%d", "%d/%m/%Y", "%m/%d/%Y", "%Y/%m/%d")
    found = next((form for form in forms if today.strftime(form) in text), None)
    if found is not None:
        raise ChatTemplateError(
            f"the chat template inserts today's date ({today.strftime(found)!r}), which would change a run from day to day; expected "
            "a fixed text: give the template's argument in the spec, for example model: {template: {date_string: 26 Jul 2024}}"
        )


def _marker(index: int) -> str:
    return f"@{index}:c7e1@"


def _lost(role: str) -> str:
    return (
        f"the chat template drops or changes earlier text (a message of role {role!r} does not come back as it was given), expected one "
        "that only appends; use a template without that rule, or the arguments that switch it off in the spec's model: {template: {...}}"
    )


def _render(tokenizer: Tokenizer, messages: Sequence[Message]) -> str:
    return tokenizer.render(messages, generation=True)


def _trims(tokenizer: Tokenizer) -> bool:
    return f"  {_marker(0)}" not in _render(tokenizer, [Message("user", f"  {_marker(0)}  ")])
