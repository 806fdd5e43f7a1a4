"""All that a bench saw, and the figures made of it."""

from collections.abc import Mapping, Sequence
from typing import Any

import attrs
from attrs import Factory, frozen

from rlef_core.bench.figures import Figure, Outcome, of_windows, outcome, share_false
from rlef_core.bench.measure import Window
from rlef_core.bench.reference import Floor, Reference
from rlef_core.goals import Goal

LOADS = (1, 2, 4, 8)


@frozen
class Effort:
    """How much is measured: so many `repeats` of windows of so many `seconds`; then so many programs under each of `loads`: so many
    competing processes a core."""

    repeats: int = 5
    seconds: float = 4.0
    loads: tuple[int, ...] = LOADS
    programs_per_load: int = 20


@frozen
class Measured:
    """All that was seen of one participant; windows under load by their load."""

    startup_seconds: list[float] = Factory(list)
    windows: dict[str, list[Window]] = Factory(dict)
    loaded: dict[int, Window] = Factory(dict)


@frozen
class Report:
    """The raw figures: by participant in the order given, with the workloads' own needs, the floor, and the machine."""

    environment: Mapping[str, Any]
    workers: int
    effort: Effort
    floor: Floor
    references: Mapping[str, Reference]
    measured: Mapping[str, Measured]

    def figures(self) -> dict[str, dict[str, Figure]]:
        """By participant and name of figure."""
        return {name: self._figures(measured) for name, measured in self.measured.items()}

    def outcomes(self, goals: Sequence[Goal]) -> list[Outcome]:
        """What became of each goal."""
        figures = self.figures()
        return [outcome(goal, figures) for goal in goals]

    def to_json(self, goals: Sequence[Goal]) -> dict[str, Any]:
        """Everything, latencies included."""
        return {
            "schema_version": 1,
            **attrs.asdict(self, filter=lambda field, _: field.name not in {"references", "measured"}),
            "own_cpu_ms": {name: each.own_cpu_ms for name, each in self.references.items()},
            "program_cpu_ms": {name: each.program_cpu_ms for name, each in self.references.items()},
            "figures": {name: {key: attrs.asdict(figure) for key, figure in each.items()} for name, each in self.figures().items()},
            "goals": [{**attrs.asdict(each.goal), "found": each.found, "met": each.met} for each in self.outcomes(goals)],
            "measured": {name: attrs.asdict(each, value_serializer=_rounded) for name, each in self.measured.items()},
        }

    def _figures(self, measured: Measured) -> dict[str, Figure]:
        found: dict[str, Figure] = {}
        for name, windows in measured.windows.items():
            found.update(of_windows(name, windows, self.references[name].own_cpu_ms))
        found["startup_ms"] = Figure.of([1e3 * seconds for seconds in measured.startup_seconds])
        if measured.loaded:
            found.update({f"false_verdicts/{load}x": share_false([window]) for load, window in measured.loaded.items()})
        quiet = [window for windows in measured.windows.values() for window in windows]
        everything = [*quiet, *measured.loaded.values()]
        found["false_verdicts"] = share_false(everything)
        found["faults"] = Figure.of([sum(window.faults for window in everything)])
        return found


def _rounded(_: object, __: object, value: Any) -> Any:
    """Seconds to the microsecond."""
    return round(value, 6) if isinstance(value, float) else value
