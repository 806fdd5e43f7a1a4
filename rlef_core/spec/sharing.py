"""Check how policy and optimizer share accelerators: what cannot go together, and what nobody asked for by name."""

from collections.abc import Iterator, Mapping
from typing import Any

from rlef_core.spec.misfits import Misfit
from rlef_core.spec.tree import Spec

_KEY = ("devices", "colocate")
_BROADCAST = "nccl"


def sharing_misfits(spec: Spec, parts: Mapping[str, Any], scheme: str) -> Iterator[Misfit]:
    """What `devices.colocate`, or numbers that both roles have, cannot be combined with."""
    devices, training = parts.get("devices"), parts.get("training")
    if devices is None:
        return
    lacking = [role for role in ("policy", "optimizer") if spec.data.get(role) is None]
    if devices.colocate is not None and lacking:
        yield Misfit(f"has no effect: the spec has no {lacking[0]!r} block", _KEY, on_key=True)
    if devices.colocate and devices.policy and devices.optimizer and not devices.shared:
        yield Misfit("is true, but devices.policy and devices.optimizer have no number in common, expected one or no such key", _KEY)
    if devices.shared and scheme == _BROADCAST:
        found = f"has {devices.shared[0]} in common with devices.optimizer, but weights go by {scheme!r}, which joins different ones"
        yield Misfit(f"{found}, expected other numbers or another scheme", ("devices", "policy"))
    if training and devices.colocated and training.max_staleness:
        found = f"is {training.max_staleness}, but policy and optimizer take turns on their devices and cannot work at once"
        yield Misfit(f"{found}, expected 0, or devices that they do not share", ("training", "max_staleness"))


def sharing_notes(parts: Mapping[str, Any]) -> Iterator[str]:
    """That the two take turns, where only their numbers say so."""
    devices = parts.get("devices")
    if devices and devices.colocated and devices.colocate is None:
        numbers = ", ".join(map(str, devices.shared))
        yield f"policy and optimizer take turns on accelerator {numbers}; devices.colocate false keeps both on it at once"
