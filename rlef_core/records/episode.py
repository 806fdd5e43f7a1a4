"""Episodes: one policy working on one problem until it stops."""

from enum import Enum

from attrs import frozen

from rlef_core.records.execution import Execution
from rlef_core.records.program import Program
from rlef_core.records.task import Problem


@frozen(order=True)
class EpisodeId:
    """`purpose` is `train` or an evaluation's name; `collection` counts from 0; `number` tells episodes of one task in one
    collection apart."""

    purpose: str
    collection: int
    task: str
    number: int

    def __str__(self) -> str:
        return f"{self.purpose}/{self.collection}/{self.task}/{self.number}"


@frozen
class Message:
    """One message of a conversation; `role` is system, user or assistant. `max_tokens` cuts the middle out of a longer
    content when it is rendered."""

    role: str
    content: str
    max_tokens: int | None = None


@frozen
class Sampling:
    """How a policy samples. `temperature` 0 is greedy; `seed` makes one request repeatable where the policy promises it.

    `ignore_end` samples `max_tokens` tokens even past an end of turn, so that a benchmark asks everyone for as many.
    """

    temperature: float = 1.0
    top_p: float = 1.0
    max_tokens: int = 4096
    seed: int | None = None
    ignore_end: bool = False


class Finish(Enum):
    """Why an action ended: the model ended its turn, `max_tokens` was reached, the model's context is full, or the request was aborted."""

    STOP = "stop"
    LENGTH = "length"
    CONTEXT = "context"
    ABORT = "abort"


@frozen
class VersionSpan:
    """From `start` (an index into the action's ids) on, tokens were sampled by publication `version`."""

    start: int
    version: int


@frozen
class Action:
    """One sampled response. `prompt_ids` are all ids before it, from the conversation's start; `ids` and `logprobs` are as
    long as each other.

    `logprobs` are natural logarithms, of the distribution really sampled (temperature and top-p applied).
    """

    text: str
    prompt_ids: tuple[int, ...]
    ids: tuple[int, ...]
    logprobs: tuple[float, ...]
    spans: tuple[VersionSpan, ...]
    finish: Finish


@frozen
class Turn:
    """One observation (the new messages) and its answer; `execution` is on the public cases, None if the answer held no program."""

    observation: tuple[Message, ...]
    action: Action
    program: Program | None
    execution: Execution | None


class Stop(Enum):
    """Why an episode ended: its public cases passed, the turn limit, or a full context."""

    PUBLIC_PASSED = "public_passed"
    TURN_LIMIT = "turn_limit"
    CONTEXT = "context"


@frozen
class Episode:
    """An episode that ended without a fault. `private` is the last program on the private cases; None where they were not run."""

    id: EpisodeId
    problem: Problem
    turns: tuple[Turn, ...]
    private: Execution | None
    stop: Stop
    temperature: float = 1.0

    @property
    def public_passed(self) -> bool:
        """The last answer's program passed every public case; true without any for a task that has none."""
        last = self.turns[-1].execution
        return last is not None and (last.accepted or not self.problem.public_cases)

    @property
    def solved(self) -> bool:
        """The last answer's program passed all public and all private cases."""
        return self.public_passed and self.private is not None and self.private.accepted


@frozen
class FaultedEpisode:
    """An episode that a fault ended. It has no turns, so that nothing can be learnt from it."""

    id: EpisodeId
    component: str
    reason: str
