"""Split the wall time of each round of a run into its steps, and tell how much of it nothing worked."""

from collections.abc import Iterable, Sequence

from attrs import frozen

from rlef_core.timeline import WORK, Timeline

STEPS = ("draw", "play", "update", "publish", "record")
"""The spans of the loop's steps, in order; a round goes from the beginning of the first to the end of the last."""


@frozen
class Span:
    """What ran, from when to when, in seconds of the monotonic clock."""

    name: str
    began: float
    ended: float


class Recorder(Timeline):
    """A timeline that keeps the spans of the loop's steps, of checkpoints and of work."""

    def __init__(self) -> None:
        super().__init__()
        self.spans: list[Span] = []

    def mark(self, name: str, began: float, ended: float) -> None:
        if name in WORK or name in STEPS or name == "checkpoint":
            self.spans.append(Span(name, began, ended))  # appending is atomic, and any thread may mark


@frozen
class Round:
    """One collection from its first step to its last: seconds in all, by step, and those in which some work ran."""

    seconds: float
    steps: dict[str, float]
    busy: float


def rounds(spans: Sequence[Span]) -> list[Round]:
    """The rounds of a run, in order; one that did not come to its last step is left out."""
    of = {step: [span for span in spans if span.name == step] for step in STEPS}
    ends = [(first.began, last.ended) for first, last in zip(of[STEPS[0]], of[STEPS[-1]], strict=False)]
    work = [span for span in spans if span.name in WORK]
    return [Round(end - start, {step: _inside(of[step], start, end) for step in STEPS}, covered(work, start, end)) for start, end in ends]


def covered(spans: Iterable[Span], start: float, end: float) -> float:
    """Seconds between `start` and `end` in which at least one span runs."""
    total, until = 0.0, start
    for span in sorted(spans, key=lambda span: span.began):
        total += max(0.0, min(span.ended, end) - max(span.began, until))
        until = max(until, span.ended)
    return total


def _inside(spans: Sequence[Span], start: float, end: float) -> float:
    return sum(span.ended - span.began for span in spans if start <= span.began and span.ended <= end)
