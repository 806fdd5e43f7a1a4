"""Choose what is measured side by side, and build each anew for each measurement."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from attrs import frozen

from rlef_core.errors import PluginError, boundary
from rlef_core.metrics import Meter
from rlef_core.misses import did_you_mean
from rlef_core.registry import Offered, Registry, offer_of, usual_config
from rlef_core.roles import Ref
from rlef_core.spec import Builder, Plan
from rlef_core.spec.blocks import SpecBlock, ThreadsBlock
from rlef_core.spec.context import RunContext


@frozen
class Participant:
    """A component that is measured, with its default config, for so many `workers`."""

    offered: Offered
    registry: Registry
    workers: int

    @property
    def name(self) -> str:
        return self.offered.component.name

    def build(self) -> Any:
        """A new one. Raises ComponentError when it cannot be built; closing it is up to the caller."""
        origin = self.offered.origin
        config = usual_config(self.offered)
        plan = Plan(
            SpecBlock(name="bench", threads=ThreadsBlock(executor=self.workers), executor=Ref(origin.role, self.name, config, origin))
        )
        builder = Builder(plan, self.registry, Path.cwd(), Meter(self.registry.metrics))
        with boundary(origin, "build"):
            return self.offered.component.build(config, RunContext(builder, origin))


def participants(
    registry: Registry, role: str, use: str, against: Sequence[str], workers: int
) -> tuple[tuple[Participant, ...], tuple[str, ...]]:
    """The component `use`, then those of `against`, or every baseline that can run here; and a line for each that cannot.

    Raises PluginError when a name is neither a component nor a baseline, when two plugins offer it, or when a named one cannot run here.
    """
    named = [_find(registry, role, name) for name in dict.fromkeys((use, *against))]
    for offered in named:
        if reason := _unavailable(offered):
            raise PluginError(f"{offered.origin} cannot run here: {reason}")
    rest = [] if against else [offered for offered in registry.baselines(role) if offered.component.name != use]
    left_out = tuple(f"{offered.component.name} is left out: {reason}" for offered in rest if (reason := _unavailable(offered)))
    chosen = (*named, *(offered for offered in rest if not _unavailable(offered)))
    return tuple(Participant(offered, registry, workers) for offered in chosen), left_out


def _find(registry: Registry, role: str, name: str) -> Offered:
    if name in registry.names(role):
        return registry.find(role, name)
    baselines = [offered for offered in registry.baselines(role) if offered.component.name == name]
    if len(baselines) == 1:
        return baselines[0]
    known = sorted({*registry.names(role), *(offered.component.name for offered in registry.baselines(role))})
    found = f"offered by {' and '.join(str(each.origin) for each in baselines)}" if baselines else f"unknown{did_you_mean(name, known)}"
    raise PluginError(f"{role} {name!r} is {found}; expected one of {', '.join(map(repr, known))}")


def _unavailable(offered: Offered) -> str | None:
    return offer_of(offered, usual_config(offered)).unavailable
