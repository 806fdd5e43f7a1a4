"""Formatter `random`: feedback about another problem's program, to measure how much true feedback matters (the paper's ablation)."""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from attrs import frozen

from rlef_core import (
    Context,
    Execution,
    FeedbackFormatter,
    Message,
    Problem,
    Ref,
    UsageError,
    component,
    positive,
    read_episodes,
    setting,
)


@frozen
class RandomConfig:
    """Config of formatter `random`."""

    formatter: Ref[FeedbackFormatter] = setting(help="the formatter that puts the donor's failure into words")
    run: Path | None = setting(None, help="directory of the run whose training episodes are the donors; this run's own unless set")
    donors: int = setting(1000, help="how many failing executions to draw from, out of as many newest episodes", validator=positive)


class RandomFeedback:
    """Answers a failure with the failure of another problem's program on that problem's cases; the donor is drawn by seed."""

    def __init__(self, formatter: FeedbackFormatter, directory: Path, donors: int, seed: int) -> None:
        self._formatter = formatter
        self._directory = directory
        self._count = donors
        self._seed = seed
        self._donors: list[tuple[Problem, Execution]] = []

    def opening(self, problem: Problem) -> Sequence[Message]:
        return self._formatter.opening(problem)

    def feedback(self, problem: Problem, execution: Execution | None) -> str:
        if execution is None:
            return self._formatter.feedback(problem, None)
        donor, failure = self._draw(problem, execution)
        return self._formatter.feedback(donor, failure)

    def _draw(self, problem: Problem, execution: Execution) -> tuple[Problem, Execution]:
        outputs = b"\0".join(judgement.output + judgement.error for judgement in execution.judgements)
        text = f"{self._seed}/{problem.id}/".encode() + outputs
        start = int.from_bytes(hashlib.sha256(text).digest()[:8], "big")
        donors = self._read()
        turned = (donors[(start + offset) % len(donors)] for offset in range(len(donors)))
        donor = next((donor for donor in turned if donor[0].id != problem.id), None)
        if donor is None:
            raise UsageError(
                f"every recorded failure in {str(self._directory)!r} is of problem {problem.id!r}, expected other problems too"
            )
        return donor

    def _read(self) -> list[tuple[Problem, Execution]]:
        if not self._donors:
            self._donors = list(_failures(self._directory, self._count))[-self._count :]
        if not self._donors:
            raise UsageError(
                f"no recorded training episode with a failing program in {str(self._directory)!r}, expected some: play episodes first"
            )
        return self._donors


def _failures(directory: Path, episodes: int) -> Iterator[tuple[Problem, Execution]]:
    with suppress(FileNotFoundError):  # a run that recorded nothing has no donors, which the caller says
        for episode in read_episodes(directory, purpose="train", newest=episodes):
            for turn in episode.turns:
                if turn.execution is not None and turn.execution.judgements and not turn.execution.accepted:
                    yield episode.problem, turn.execution


def build(config: RandomConfig, context: Context) -> FeedbackFormatter:
    """Build the formatter; the episodes are read when the first is needed."""
    seed = context.seed("feedback", "donors")
    return RandomFeedback(context.build(config.formatter), config.run or context.directory, config.donors, seed)


COMPONENT = component(
    name="random",
    summary="the failure of another problem's program, drawn from recorded episodes (ablation)",
    config=RandomConfig,
    build=build,
)
