"""Condense what was measured into figures with their spread, and compare those with goals."""

import random
import statistics
from collections.abc import Callable, Mapping, Sequence

from attrs import frozen

from rlef_core.bench.measure import Window
from rlef_core.goals import Goal

RESAMPLES = 2000
"""Draws of the bootstrap."""


@frozen
class Figure:
    """A figure over all repeats, with the least and the most of a single one."""

    value: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Figure":
        """The median of the repeats."""
        return cls(statistics.median(values), min(values), max(values))


@frozen
class Ratio:
    """How many times another's figure is: the median of the pairs' ratios, and its 95 % interval (percentiles of the bootstrap)."""

    value: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float], others: Sequence[float]) -> "Ratio":
        """Of figures taken in pairs, none of `others` 0; the same for the same figures."""
        ratios = [value / other for value, other in zip(values, others, strict=True)]
        draw = random.Random(0)
        medians = [statistics.median(draw.choices(ratios, k=len(ratios))) for _ in range(RESAMPLES)]
        return cls(statistics.median(ratios), percentile(medians, 0.025), percentile(medians, 0.975))


@frozen
class Outcome:
    """A goal and what was found: None where there was nothing to compare with."""

    goal: Goal
    found: float | None

    @property
    def met(self) -> bool | None:
        """Whether the goal is met, if that can be told."""
        if self.found is None:
            return None
        at_least, at_most = self.goal.at_least, self.goal.at_most
        return (at_least is None or self.found >= at_least) and (at_most is None or self.found <= at_most)


def of_windows(name: str, windows: Sequence[Window], own_cpu_ms: float) -> Mapping[str, Figure]:
    """The figures of one workload, one window a repeat. `own_cpu_ms` is what a case needs in a process of its own."""
    return {
        f"{name}/programs_per_second": Figure.of([_rate(window) for window in windows]),
        f"{name}/cases_per_second": Figure.of([window.cases * _rate(window) for window in windows]),
        f"{name}/cpu_ms_per_case": Figure.of([_cpu_ms(window) for window in windows]),
        f"{name}/cpu_ms_above_own": Figure.of([_cpu_ms(window) - own_cpu_ms for window in windows]),
        f"{name}/p50_ms": _over_all(windows, lambda latencies: percentile(latencies, 0.5)),
        f"{name}/p99_ms": _over_all(windows, lambda latencies: percentile(latencies, 0.99)),
    }


def share_false(windows: Sequence[Window]) -> Figure:
    """The share of programs that were not accepted although they are right; those lost with the sandbox are another matter."""
    done = [(window.false_verdicts, len(window.latencies) - window.faults) for window in windows]
    shares = [false / max(answered, 1) for false, answered in done]
    return Figure(sum(false for false, _ in done) / max(sum(answered for _, answered in done), 1), min(shares), max(shares))


def outcome(goal: Goal, figures: Mapping[str, Mapping[str, Figure]]) -> Outcome:
    """What became of a goal; `figures` are those of each participant."""
    found = figures[goal.component].get(goal.figure)
    other = figures.get(goal.times, {}).get(goal.figure)
    if found is None or (goal.times and not (other and other.value)):
        return Outcome(goal, None)
    return Outcome(goal, found.value / other.value if other else found.value)


def percentile(values: Sequence[float], share: float) -> float:
    """The least of `values` that so large a share of them does not exceed."""
    return sorted(values)[min(int(share * len(values)), len(values) - 1)]


def _rate(window: Window) -> float:
    return len(window.latencies) / window.wall_seconds


def _cpu_ms(window: Window) -> float:
    return 1e3 * window.cpu_seconds / (window.cases * len(window.latencies))


def _over_all(windows: Sequence[Window], of: Callable[[Sequence[float]], float]) -> Figure:
    each = [1e3 * of(window.latencies) for window in windows]
    return Figure(1e3 * of([latency for window in windows for latency in window.latencies]), min(each), max(each))
