"""Let everyone do the same work in turn, again and again, and compare their figures pair by pair."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Any

import attrs
from attrs import Factory, frozen

from rlef_core.bench.figures import Figure, Outcome, Ratio
from rlef_core.bench.participants import Participant
from rlef_core.bench.tree import at_rest
from rlef_core.goals import Goal

Work = Callable[[Participant, Any, int], Awaitable[Mapping[str, float]]]
"""What a participant, built, does in a pair, the 0th to warm up; returns figures."""

Series = Mapping[str, Mapping[str, Sequence[float]]]
"""By participant, in the order given, and by figure: one value a pair."""


async def in_pairs(
    chosen: Sequence[Participant], work: Work, pairs: int, say: Callable[[str], None]
) -> tuple[Series, Mapping[str, Mapping[str, float]]]:
    """Build everyone; let each work once to warm up, then `pairs` times in turn, every second time in the opposite order; close them.

    `say` is told how far it is. Returns the figures, and apart from them `startup_seconds`, which is taken once. Raises ComponentError,
    and what `work` raises.
    """
    startups: dict[str, dict[str, float]] = {}
    taken: list[tuple[str, Mapping[str, float]]] = []
    async with AsyncExitStack() as stack:
        built: list[tuple[Participant, Any]] = []
        for participant in chosen:
            say(f"build: {participant.name}")
            component, seconds = await stack.enter_async_context(participant.opened())
            startups[participant.name] = {"startup_seconds": seconds}
            built.append((participant, component))
        for pair in range(pairs + 1):
            for participant, component in reversed(built) if pair % 2 else built:  # nobody always comes second
                say(f"pair {pair} of {pairs}: {participant.name}" if pair else f"warm-up: {participant.name}")
                await at_rest()  # whoever has worked before
                taken.append((participant.name, await work(participant, component, pair)))
    series = _series(taken[len(chosen) :])
    return {participant.name: series[participant.name] for participant in chosen if participant.name in series}, startups


@frozen
class Paired:
    """The raw figures of all pairs, what was asked for, and the machine; `once` are figures that were taken once, and are not compared."""

    environment: Mapping[str, Any]
    asked: Mapping[str, Any]
    series: Series
    once: Mapping[str, Mapping[str, float]] = Factory(dict)

    @property
    def names(self) -> tuple[str, ...]:
        """The participants in the order given: the measured one first."""
        return tuple(self.series)

    def figures(self) -> dict[str, dict[str, Figure]]:
        """By participant and name of figure."""
        return {name: {key: Figure.of(values) for key, values in self._values(name).items()} for name in self.names}

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
                name: {key: [round(value, 6) for value in values] for key, values in self._values(name).items()} for name in self.names
            },
        }

    def _values(self, name: str) -> Mapping[str, Sequence[float]]:
        return {**self.series[name], **{key: (value,) for key, value in self.once.get(name, {}).items()}}

    def _found(self, goal: Goal) -> float | None:
        if goal.times:
            ratio = self._ratios(goal.component, goal.times).get(goal.figure)
            return ratio.value if ratio else None
        values = self._values(goal.component).get(goal.figure)
        return Figure.of(values).value if values else None

    def _ratios(self, name: str, other: str) -> dict[str, Ratio]:
        """Of the figures that both have in each pair, without those that are 0 somewhere."""
        ours, theirs = self.series[name], self.series.get(other, {})
        return {
            key: Ratio.of(values, theirs[key])
            for key, values in ours.items()
            if key in theirs and len(values) == len(theirs[key]) and all(theirs[key])
        }


def _series(taken: Sequence[tuple[str, Mapping[str, float]]]) -> Series:
    series: dict[str, dict[str, list[float]]] = {}
    for name, figures in taken:
        for figure, value in figures.items():
            series.setdefault(name, {}).setdefault(figure, []).append(value)
    return series
