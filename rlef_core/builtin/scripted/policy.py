"""The policy `scripted`: answers from the spec or from a file, by turn."""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from attrs import frozen

from rlef_core import (
    Action,
    Context,
    Conversation,
    EpisodeId,
    Finish,
    Message,
    Offer,
    Policy,
    Sampling,
    Transcript,
    UsageError,
    VersionSpan,
    Weights,
    component,
    setting,
)
from rlef_core.builtin.scripted.tokenizer import ByteTokenizer


@frozen
class ScriptedConfig:
    """Config of policy `scripted`."""

    answers: tuple[str, ...] = setting(("",), help="the answer of each turn; the last one is repeated")
    script: Path | None = setting(None, help="a JSON file {task id: [answer, ...]} that wins over `answers` for the tasks it names")


class ScriptedPolicy:
    """Answers by rote; every log-prob is 0."""

    def __init__(self, answers: Sequence[str], by_task: Mapping[str, Sequence[str]], max_length: int | None) -> None:
        self._answers = answers
        self._by_task = by_task
        self._max_length = max_length
        self._version = 0

    @asynccontextmanager
    async def open(self, episode: EpisodeId) -> AsyncIterator[Conversation]:
        yield _Reciter(self, self._by_task.get(episode.task, self._answers))

    async def load(self, weights: Weights) -> None:
        self._version = weights.version

    async def suspend(self) -> None: ...

    async def resume(self) -> None: ...

    async def close(self) -> None: ...

    def action(self, text: str, prompt: Sequence[int], sampling: Sampling) -> Action:
        """The action that says `text`, cut where the sampling or the context says."""
        tokenizer = ByteTokenizer()
        ids = [*tokenizer.encode(text, special=False), *tokenizer.end_of_turn]
        room = len(ids) if self._max_length is None else max(0, self._max_length - len(prompt))
        kept = ids[: min(room, sampling.max_tokens)]
        finish = Finish.STOP if len(kept) == len(ids) else Finish.CONTEXT if room <= sampling.max_tokens else Finish.LENGTH
        spans = (VersionSpan(0, self._version),) if kept else ()
        return Action(tokenizer.decode(kept), tuple(prompt), tuple(kept), (0.0,) * len(kept), spans, finish)


class _Reciter:
    def __init__(self, policy: ScriptedPolicy, answers: Sequence[str]) -> None:
        self._policy = policy
        self._answers = answers
        self._turn = 0
        self._transcript = Transcript(ByteTokenizer())

    async def act(self, messages: Sequence[Message], sampling: Sampling) -> Action:
        self._transcript.observe(messages)
        text = self._answers[min(self._turn, len(self._answers) - 1)]
        action = self._policy.action(text, self._transcript.ids, sampling)
        self._transcript.answer(action.ids)
        self._turn += 1
        return action


def build(config: ScriptedConfig, context: Context) -> Policy:
    """Build the policy. Raises UsageError when the script is no JSON object of lists of strings."""
    by_task = {} if config.script is None else _read(config.script)
    return ScriptedPolicy(config.answers, by_task, context.model.max_length if context.model else None)


def _read(path: Path) -> Mapping[str, Sequence[str]]:
    try:
        script = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"cannot read the script {str(path)!r}: {error}; expected a JSON object {{task id: [answer, ...]}}") from error
    if not isinstance(script, dict) or not all(isinstance(answers, list) and answers for answers in script.values()):
        raise UsageError(f"the script {str(path)!r} is no JSON object {{task id: [answer, ...]}} with at least one answer each")
    return script


COMPONENT = component(
    name="scripted",
    summary="answers given in the spec or in a file; cannot train",
    config=ScriptedConfig,
    build=build,
    offers=lambda config: Offer(trainable=False, deterministic=True),
    example=lambda: ScriptedConfig(("print(1)", "print(2)")),
)
