"""Ask the components of a plan what they will hold, and add it up device by device."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from attrs import frozen

from rlef_core.errors import boundary
from rlef_core.fit.machine import RESERVED_SHARE, Machine
from rlef_core.records import MemoryQuestion, MemoryUse, ModelSpec
from rlef_core.registry import Registry
from rlef_core.roles import Ref
from rlef_core.spec import Plan
from rlef_core.spec.models import made

TURNS = ("policy", "optimizer")
"""The roles that may take turns; whatever else holds memory of a device keeps it."""


@frozen
class Demand:
    """What a device will hold, by the way to each component's block (`policy`, `rewards.0.judge`).

    capacity: its bytes, None where unknown. in_turn: policy and optimizer hold it one at a time.
    """

    device: str
    uses: Mapping[str, tuple[MemoryUse, ...]]
    capacity: int | None
    in_turn: bool = False

    @property
    def bytes(self) -> int:
        """At the peak."""
        sums = Counter[str]()
        for way, uses in self.uses.items():
            sums[_block(way)] += sum(use.bytes for use in uses)
        turns = [sums.pop(role, 0) for role in TURNS]
        return sums.total() + (max(turns) if self.in_turn else sum(turns))

    @property
    def usable(self) -> int | None:
        """Bytes that components may fill: the reserve is left out."""
        return None if self.capacity is None else int(self.capacity * (1 - RESERVED_SHARE))

    @property
    def spare(self) -> int | None:
        """Usable bytes that stay free; below 0 where it does not fit, None where the capacity is unknown."""
        return None if self.usable is None else self.usable - self.bytes


def demands(plan: Plan, registry: Registry, machine: Machine) -> list[Demand]:
    """Every device that a component holds memory of, accelerators first. Raises ComponentError where one cannot tell.

    Where policy and optimizer take turns (`devices.colocate`), so do they on each accelerator, unless weights go from device to device.
    """
    model = made(plan.model, registry)
    found: dict[str, dict[str, list[MemoryUse]]] = {}
    for way, uses in _told(plan, registry, machine, model):
        for use in uses:
            found.setdefault(use.device, {}).setdefault(way, []).append(use)
    return [
        Demand(
            device,
            {way: tuple(uses) for way, uses in found[device].items()},
            machine.capacity(device),
            in_turn=plan.apart and {*TURNS} <= {*map(_block, found[device])} and not device.endswith("cpu"),
        )
        for device in sorted(found, key=_order)
    ]


def silent(plan: Plan, registry: Registry) -> list[Ref[Any]]:
    """The policy and the optimizer of a plan, as far as they do not tell what they hold."""
    return [ref for ref in (plan.policy, plan.optimizer) if registry.find(ref.role, ref.use).component.memory is None]


def _told(plan: Plan, registry: Registry, machine: Machine, model: ModelSpec | None) -> Iterator[tuple[str, Sequence[MemoryUse]]]:
    for way, ref in plan.components.items():
        offered = registry.find(ref.role, ref.use)
        if offered.component.memory is not None:
            with boundary(offered.origin, "memory"):
                yield way, offered.component.memory(ref.config, _question(plan, machine, ref.role, model))


def _question(plan: Plan, machine: Machine, role: str, model: ModelSpec | None) -> MemoryQuestion:
    samplings = [plan.rollout.sampling, plan.evaluation.sampling if plan.evaluation else None]
    return MemoryQuestion(
        model=model,
        devices=tuple(f"cuda:{number}" for number in getattr(plan.devices, role, ())),
        accelerated=machine.accelerated,
        capacity=machine.least,
        concurrency=plan.rollout.concurrency,
        nucleus=any(each.top_p < 1 for each in samplings if each is not None),
        scheme=plan.scheme,
    )


def _block(way: str) -> str:
    return way.partition(".")[0]


def _order(device: str) -> tuple[bool, str, int]:
    place, _, name = device.rpartition("/")
    kind, _, number = name.partition(":")
    return kind == "cpu", place, int(number or 0)
