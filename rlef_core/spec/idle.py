"""Find guards that can never trip: what was set for one is refused, a default is noted."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

import attrs

from rlef_core.registry import Registry
from rlef_core.spec.agreement import refs_in
from rlef_core.spec.blocks import RolloutBlock
from rlef_core.spec.guards import LOOKING_BACK, WATCHED, GuardsBlock
from rlef_core.spec.misfits import Misfit
from rlef_core.spec.tree import Keys

_AT: Keys = ("training", "guards")


def idle_guards(parts: Mapping[str, Any], registry: Registry, *, learns: bool) -> tuple[list[Misfit], list[str]]:
    """What was set and has no effect, and notes on defaults that have none where an optimizer learns.

    `parts` are the blocks that could be read. What equals its default counts as one, for plan.json, from which a run resumes, holds
    every key.
    """
    training, optimizer, rollout = (parts.get(block) for block in ("training", "optimizer", "rollout"))
    if training is None or optimizer is None or rollout is None:
        return [], []
    misfits, defaults = [], dict[str, list[str]]()
    reported = {metric.name for _, ref in refs_in(optimizer) for metric in registry.find(ref.role, ref.use).component.metrics}
    for name, why in _idle(training.guards, rollout, reported):
        if getattr(training.guards, name) == getattr(GuardsBlock(), name):
            defaults.setdefault(why, []).append(name)
        else:
            misfits.append(Misfit(f"has no effect: {why}", (*_AT, name), on_key=True))
    if not learns:
        return misfits, []
    return misfits, [f"training.guards: {', '.join(names)}: never trips: {why}" for why, names in defaults.items()]


def _idle(guards: GuardsBlock, rollout: RolloutBlock, reported: Collection[str]) -> Iterator[tuple[str, str]]:
    """The keys of `training.guards` that can do nothing, and why."""
    if guards.window != GuardsBlock().window and all(getattr(guards, name).action == "off" for name in LOOKING_BACK):
        yield "window", f"the guards that look back, {', '.join(LOOKING_BACK)}, are off"
    for field in attrs.fields(GuardsBlock):
        guard, name = getattr(guards, field.name), field.name
        if getattr(guard, "action", None) == "off":
            if getattr(guard, "bound", None) != getattr(field.default, "bound", None):
                yield name, "its action is 'off'"
        elif name in WATCHED and not any(metric.endswith(WATCHED[name]) for metric in reported):
            yield name, "the optimizer reports no such metric"
        elif name == "faults" and rollout.recorded is not None:
            yield name, "recorded episodes do not fault"
        elif name == "faults" and guard.bound >= rollout.max_fault_share:
            yield name, f"the run stops at once above rollout.max_fault_share {rollout.max_fault_share}"
