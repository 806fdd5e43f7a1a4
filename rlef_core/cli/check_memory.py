"""The part of `rlef-core check` that shows what each device will hold."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from attrs import frozen

from rlef_core.cli.columns import aligned
from rlef_core.fit.advice import Advice, advice, overfull
from rlef_core.fit.demand import Demand, demands, silent
from rlef_core.fit.machine import Machine
from rlef_core.registry import Registry
from rlef_core.spec import Plan, Spec, resolve


@frozen
class Fit:
    """What the devices of a plan will hold, what to change where that is too much, and the components that do not tell."""

    demands: Sequence[Demand]
    advice: Sequence[Advice]
    silent: Sequence[str]

    @property
    def fits(self) -> bool:
        """No device is known to be too small."""
        return not overfull(self.demands)


def fit(plan: Plan, registry: Registry, machine: Machine, changed: Callable[[Sequence[str]], Spec]) -> Fit:
    """Ask the components, and try changes where it does not fit; `changed(overrides)` is the spec with these. Raises ComponentError."""

    def attempt(changes: Sequence[str]) -> Sequence[Demand]:
        return demands(resolve(changed(changes), registry), registry, machine)

    now = demands(plan, registry, machine)
    untold = [f"{ref.role} {ref.use!r}" for ref in silent(plan, registry)]
    return Fit(now, advice(now, attempt) if overfull(now) else [], untold)


def page(found: Fit) -> Iterator[str]:
    """Lines of text: a table for each device, those that are alike together, and the advice."""
    yield "  memory, at its peak:"
    groups = [[*group] for _, group in groupby(found.demands, key=_kind)]
    tables = iter(aligned([row for group in groups for row in _rows(group[0])]))
    for group in groups:
        yield f"    {_named(group)}"
        yield from (f"      {next(tables)}" for _ in _rows(group[0]))
    for each in found.silent:
        yield f"  note: {each} does not tell what it holds"
    if any(demand.capacity is None for demand in found.demands):
        yield "  note: the memory of these accelerators is not known here; give it by --device-memory, for example 80GB"
    if not found.fits:
        yield from _advised(found.advice)


def as_json(found: Fit) -> Mapping[str, Any]:
    """The same as data; sizes in bytes."""
    return {
        "fits": found.fits,
        "devices": [_device(demand) for demand in found.demands],
        "advice": [{"changes": list(each.changes), "fits": each.spare >= 0, "spare": each.spare} for each in found.advice],
        "untold": list(found.silent),
    }


def gigabytes(size: int) -> str:
    """In GB, 10^9 bytes, as makers of accelerators count; in MB below a tenth of one."""
    return f"{size / 1e9:.1f} GB" if abs(size) >= 1e8 else f"{size / 1e6:.1f} MB"


def _named(alike: Sequence[Demand]) -> str:
    first, last = alike[0].device, alike[-1].device
    return first if len(alike) == 1 else f"{first} to {last}, {len(alike)} alike"


def _rows(demand: Demand) -> list[tuple[str, ...]]:
    uses = [(role, use.what, gigabytes(use.bytes)) for role, uses in demand.uses.items() for use in uses if use.bytes]
    return [*uses, ("", "at most, in turn" if demand.in_turn else "sum", _verdict(demand))]


def _verdict(demand: Demand) -> str:
    if demand.capacity is None or demand.usable is None or demand.spare is None:
        return gigabytes(demand.bytes)
    outcome = f"{gigabytes(demand.spare)} left" if demand.spare >= 0 else f"{gigabytes(-demand.spare)} too much"
    return f"{gigabytes(demand.bytes)} of {gigabytes(demand.usable)} ({gigabytes(demand.capacity)} less the reserve): {outcome}"


def _advised(found: Sequence[Advice]) -> Iterator[str]:
    enough = [each for each in found if each.spare >= 0]
    if not enough:
        yield "  it does not fit, and no setting that was tried makes it fit: take more or larger devices, or a smaller model"
        yield from (f"    nearest: {_worded(each)}: {gigabytes(-each.spare)} too much" for each in found)
        return
    yield "  it does not fit; change one of" if len(enough) > 1 else "  it does not fit; change"
    yield from (f"    {_worded(each)}: fits, {gigabytes(each.spare)} left" for each in enough)


def _worded(each: Advice) -> str:
    return " ".join(f"--set {change}" for change in each.changes)


def _kind(demand: Demand) -> Any:
    # devices of one kind hold the same
    uses = [(role, [(use.what, use.bytes) for use in uses]) for role, uses in demand.uses.items()]
    return demand.device == "cpu", uses, demand.capacity, demand.in_turn


def _device(demand: Demand) -> Mapping[str, Any]:
    uses = [
        {"role": role, "what": use.what, "bytes": use.bytes, "lower": list(use.lower)} for role, uses in demand.uses.items() for use in uses
    ]
    return {
        "device": demand.device,
        "uses": uses,
        "bytes": demand.bytes,
        "in_turn": demand.in_turn,
        "capacity": demand.capacity,
        "usable": demand.usable,
        "spare": demand.spare,
    }
