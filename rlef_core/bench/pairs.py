"""Let everyone do the same work in turn, again and again, and compare their figures pair by pair."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import attrs
from attrs import frozen

from rlef_core.bench.figures import Figure, Outcome, Ratio
from rlef_core.roles import Goal

Turn = Callable[[int], Awaitable[Mapping[str, float]]]
"""Does the work once and returns its figures; is told which time it is, 0 for the warm-up."""

Series = Mapping[str, Mapping[str, Sequence[float]]]
"""By participant, in the order given, and by figure: one value a pair."""


async def in_turn(turns: Mapping[str, Turn], pairs: int, say: Callable[[str], None]) -> dict[str, dict[str, list[float]]]:
    """Let each take a turn to warm up, then `pairs` times each in the order given. `say` is told how far it is."""
    series: dict[str, dict[str, list[float]]] = {name: {} for name in turns}
    for pair in range(pairs + 1):
        for name, turn in turns.items():
            say(f"pair {pair} of {pairs}: {name}" if pair else f"warm-up: {name}")
            figures = await turn(pair)
            for figure, value in figures.items() if pair else ():
                series[name].setdefault(figure, []).append(value)
    return series


@frozen
class Paired:
    """The raw figures of all pairs, what was asked for, and the machine."""

    environment: Mapping[str, Any]
    asked: Mapping[str, Any]
    series: Series

    @property
    def names(self) -> tuple[str, ...]:
        """The participants in the order given: the measured one first."""
        return tuple(self.series)

    def figures(self) -> dict[str, dict[str, Figure]]:
        """By participant and name of figure."""
        return {name: {key: Figure.of(values) for key, values in each.items()} for name, each in self.series.items()}

    def ratios(self) -> dict[str, dict[str, Ratio]]:
        """Each participant against the first one beside which it was measured, figure by figure; empty for one alone."""
        if len(self.names) == 1:
            return {}
        baseline = self.names[1]
        return {name: self._ratios(name, baseline) for name in self.names if name != baseline}

    def outcomes(self, goals: Sequence[Goal]) -> list[Outcome]:
        """What became of each goal; one of so many times another's figure is held against the median of the pairs' ratios."""
        return [Outcome(goal, self._found(goal)) for goal in goals]

    def to_json(self, goals: Sequence[Goal]) -> dict[str, Any]:
        """Everything, each pair's values included."""
        return {
            "schema_version": 1,
            "environment": self.environment,
            "asked": self.asked,
            "figures": {name: {key: attrs.asdict(figure) for key, figure in each.items()} for name, each in self.figures().items()},
            "ratios": {name: {key: attrs.asdict(ratio) for key, ratio in each.items()} for name, each in self.ratios().items()},
            "against": self.names[1] if len(self.names) > 1 else None,
            "goals": [{**attrs.asdict(each.goal), "found": each.found, "met": each.met} for each in self.outcomes(goals)],
            "measured": {
                name: {key: [round(value, 6) for value in values] for key, values in each.items()} for name, each in self.series.items()
            },
        }

    def _found(self, goal: Goal) -> float | None:
        values = self.series[goal.component].get(goal.figure)
        if not goal.times:
            return Figure.of(values).value if values else None
        ratio = self._ratios(goal.component, goal.times).get(goal.figure)
        return ratio.value if ratio else None

    def _ratios(self, name: str, other: str) -> dict[str, Ratio]:
        ours, theirs = self.series[name], self.series.get(other, {})
        return {key: Ratio.of(ours[key], theirs[key]) for key in ours if key in theirs and all(theirs[key])}
