"""Ask the components of a plan what they will hold, and add it up device by device."""

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

APART = ("shm", "file", "unchanged")
"""Schemes by which policy and optimizer are never awake at the same time while they take turns."""


@frozen
class Demand:
    """What a device will hold, by role. `capacity`: its bytes, None where unknown; `in_turn`: one role holds it at a time."""

    device: str
    uses: Mapping[str, tuple[MemoryUse, ...]]
    capacity: int | None
    in_turn: bool = False

    @property
    def bytes(self) -> int:
        """At the peak."""
        sums = [sum(use.bytes for use in uses) for uses in self.uses.values()]
        return max(sums) if self.in_turn else sum(sums)

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
    for role, uses in _told(plan, registry, machine, model):
        for use in uses:
            found.setdefault(use.device, {}).setdefault(role, []).append(use)
    return [
        Demand(
            device,
            {role: tuple(uses) for role, uses in found[device].items()},
            machine.capacity(device),
            in_turn=plan.devices.colocated and plan.scheme in APART and len(found[device]) > 1 and not device.endswith("cpu"),
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


def _order(device: str) -> tuple[bool, str, int]:
    place, _, name = device.rpartition("/")
    kind, _, number = name.partition(":")
    return kind == "cpu", place, int(number or 0)
