"""Choose what is measured side by side, and build each with the same model, devices and threads."""

import json
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import attrs
from attrs import evolve, fields, frozen

from rlef_core.bench.named import Named
from rlef_core.errors import Origin, PluginError, boundary
from rlef_core.metrics import Meter
from rlef_core.misses import did_you_mean
from rlef_core.registry import Offered, Registry, offer_of, usual_config
from rlef_core.spec import Builder, Plan
from rlef_core.spec.context import RunContext
from rlef_core.spec.plain import plain


@frozen
class Setup:
    """What every participant is built with: the plan's model, devices and threads; components write below `directory`."""

    registry: Registry
    plan: Plan
    directory: Path


@frozen
class Participant:
    """A component that is measured, with its config; `label` tells it from another with other settings."""

    setup: Setup
    offered: Offered
    config: Any
    label: str = ""

    @property
    def name(self) -> str:
        return self.label or self.offered.component.name

    @property
    def origin(self) -> Origin:
        return self.offered.origin

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[tuple[Any, float]]:
        """A new one, and the seconds that building it took; closed when the block ends. Raises ComponentError."""
        started = time.perf_counter()
        with boundary(self.origin, "build"):
            built = self.offered.component.build(self.config, RunContext(self._builder(), self.origin))
        try:
            yield built, time.perf_counter() - started
        finally:
            with boundary(self.origin, "close"):
                await built.close()

    def _builder(self) -> Builder:
        # a baseline's own metrics stand in no table of the registry, for no run writes them
        metrics = {metric.name: metric for metric in (*self.setup.registry.metrics, *self.offered.component.metrics)}
        return Builder(self.setup.plan, self.setup.registry, self.setup.directory, Meter(metrics.values()))


def participants(
    setup: Setup, role: str, use: str, against: Sequence[str], config: Any = None
) -> tuple[tuple[Participant, ...], tuple[str, ...]]:
    """The component `use`, then those of `against`, or every baseline meant for it that can run here; and a line for each that cannot.

    `use` has `config`, its default one unless given. The others have the settings that their blocks give, if any, and their defaults; but
    those of the same plugin take the settings whose names they share with it: a baseline that works in batches works in batches of the
    same size. Raises SpecError for a block that does not fit, and PluginError when a name is neither a component nor a baseline, when two
    plugins offer it, or when a named one cannot run here.
    """
    chosen = rivals(setup, role, use, against, config)
    baselines = [] if against else [each for each in setup.registry.baselines(role, use) if each.component.name != use]
    rest = [_beside(chosen[0], offered, Named(offered.component.name)) for offered in baselines]
    left_out = tuple(f"{each.name} is left out: {reason}" for each in rest if (reason := _unavailable(each)))
    return (*chosen, *(each for each in rest if not _unavailable(each))), left_out


def rivals(setup: Setup, role: str, use: str, against: Sequence[str], config: Any = None) -> tuple[Participant, ...]:
    """As `participants`, without the baselines that nobody named."""
    first = _find(setup.registry, role, use)
    measured = Participant(setup, first, usual_config(first) if config is None else config)
    others = {named.label: named for named in map(Named.read, against) if named.label != use}
    chosen = (measured, *(_beside(measured, _find(setup.registry, role, named.use), named) for named in others.values()))
    for each in chosen:
        if reason := _unavailable(each):
            raise PluginError(f"{each.origin} cannot run here: {reason}")
    return chosen


def asked(plan: Plan, chosen: Sequence[Participant], effort: Any) -> Mapping[str, Any]:
    """What is measured, as JSON can hold it: the whole spec, everyone's settings, and how much."""
    settings = {participant.name: attrs.asdict(participant.config) for participant in chosen}
    return {"spec": plan.to_json()["spec"], "settings": json.loads(json.dumps(settings, default=str)), **attrs.asdict(effort)}


def _beside(measured: Participant, offered: Offered, named: Named) -> Participant:
    shared = _shared(measured, offered)
    if named.settings:
        config = named.config(offered, measured.setup.registry, shared)
    else:
        config = evolve(usual_config(offered), **{name: getattr(measured.config, name) for name in shared})
    return Participant(measured.setup, offered, config, named.label)


def _shared(measured: Participant, offered: Offered) -> Mapping[str, Any]:
    """The settings of the measured one that another of the same plugin has too, as a spec could hold them."""
    if offered.origin.plugin != measured.origin.plugin:
        return {}
    names = {attribute.name for attribute in fields(offered.component.config)}
    return {name: value for name, value in plain(measured.config).items() if name in names}


def _find(registry: Registry, role: str, name: str) -> Offered:
    if name in registry.names(role):
        return registry.find(role, name)
    baselines = [offered for offered in registry.baselines(role) if offered.component.name == name]
    if len(baselines) == 1:
        return baselines[0]
    known = sorted({*registry.names(role), *(offered.component.name for offered in registry.baselines(role))})
    found = f"offered by {' and '.join(str(each.origin) for each in baselines)}" if baselines else f"unknown{did_you_mean(name, known)}"
    raise PluginError(f"{role} {name!r} is {found}; expected one of {', '.join(map(repr, known))}")


def _unavailable(participant: Participant) -> str | None:
    return offer_of(participant.offered, participant.config).unavailable
