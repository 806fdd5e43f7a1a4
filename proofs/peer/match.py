"""What both sides of the match share: the spec, the word to begin a step, what a step tells, and a watch."""

import json
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from attrs import asdict, define, field, frozen

from rlef_core import Program, RlefError, StdioCase, Task, Tokenizer, judge
from rlef_core.registry import Registry
from rlef_core.spec import Plan, open_plan
from rlef_core.training.parts import Parts

SPEC = Path(__file__).with_name("spec.yaml")


@frozen
class Step:
    """One collection and its update, over `seconds` of wall time.

    `tokens` were sampled; `generate`, `judge` and `update` are the seconds in which answers were sampled, programs run, and the optimizer
    worked; they may overlap. `cpu` are the seconds of CPU that the side's own process took, sandboxes left out.
    """

    seconds: float
    episodes: int
    turns: int
    tokens: int
    reward: float
    generate: float
    judge: float
    update: float
    cpu: float

    @property
    def tokens_per_second(self) -> float:
        """Of the whole step."""
        return self.tokens / self.seconds


@define
class Watch:
    """Counts, by name, the seconds in which at least one block of that name runs."""

    seconds: defaultdict[str, float] = field(factory=lambda: defaultdict(float))
    _open: Counter[str] = field(factory=Counter)
    _since: dict[str, float] = field(factory=dict)

    @contextmanager
    def during(self, name: str) -> Iterator[None]:
        """The block counts as `name`."""
        if not self._open[name]:
            self._since[name] = time.perf_counter()
        self._open[name] += 1
        try:
            yield
        finally:
            self._open[name] -= 1
            if not self._open[name]:
                self.seconds[name] += time.perf_counter() - self._since[name]


def read_plan(overrides: Sequence[str]) -> tuple[Plan, Registry]:
    """The plan of the spec with `overrides` (key=value)."""
    return open_plan(SPEC, overrides)


def executor_that_works() -> str:
    """`nsjail` where it can run a program, else the executor that isolates nothing."""
    try:
        execution = judge(Program("python", "print(1)"), [StdioCase("", "1\n")], executor="nsjail")
    except RlefError:
        return "unsafe-subprocess"
    return "nsjail" if execution.accepted else "unsafe-subprocess"


def draw(parts: Parts, steps: int) -> list[list[Task]]:
    """The tasks of each step, the same for both sides."""
    plan = parts.plan
    stream = parts.tasks("train")
    return [stream.draw(plan.training.episodes_per_collection // plan.rollout.episodes_per_task) for _ in range(steps)]


def said(tokenizer: Tokenizer, ids: Sequence[int]) -> str:
    """The text of an answer up to its end of turn, past which both sides sample on."""
    end = next((place for place, id in enumerate(ids) if id in tokenizer.end_of_turn), len(ids))
    return tokenizer.decode(ids[:end])


def await_word() -> None:
    """Block until the proof says that this side may begin its next step."""
    if not sys.stdin.readline():
        sys.exit("peer: the proof has gone")


def tell(step: Step) -> None:
    """Tell the proof what a step came to."""
    print("step", json.dumps(asdict(step)), flush=True)
