"""How policy and optimizer may share accelerators is checked, and shown where nobody asked for it by name."""

from typing import Any

import pytest

DEVICES = "evaluation: {every: 4}\ndevices: "


@pytest.mark.parametrize(
    ("devices", "colocated", "shared"),
    [
        ("{}", False, ()),
        ("{policy: [0], optimizer: [1]}", False, ()),
        ("{policy: [0, 3, 2], optimizer: [2, 1, 0]}", True, (0, 2)),
        ("{policy: [0], optimizer: [0], colocate: false}", False, (0,)),
        ("{colocate: true}", True, ()),
        ("{policy: [0], colocate: true}", True, ()),
    ],
)
def test_a_common_number_or_the_key_makes_them_take_turns(bench: Any, devices: str, colocated: bool, shared: tuple[int, ...]) -> None:
    plan = bench.plan(bench.swap("evaluation: {every: 4}", DEVICES + devices))
    assert (plan.devices.colocated, plan.devices.shared) == (colocated, shared)
    noted = "policy and optimizer take turns on accelerator 0, 2; devices.colocate false keeps both on it at once"
    assert plan.notes == ((noted,) if len(shared) > 1 else ())


def test_taking_turns_on_different_accelerators_is_refused(bench: Any) -> None:
    shown = bench.shown(bench.swap("evaluation: {every: 4}", DEVICES + "{policy: [0], optimizer: [1], colocate: true}"))
    assert shown.startswith(
        "good.yaml:14:50: is true, but devices.policy and devices.optimizer have no number in common, expected one or no such key"
    )


def test_taking_turns_needs_both(bench: Any) -> None:
    text = "name: x\ntasks: {train: {use: sums}}\ndevices: {colocate: true}\n"
    shown = bench.shown(text, roles=("taskset", "executor"))
    assert shown.startswith("good.yaml:3:11: has no effect: the spec has no 'policy' block")


def test_one_accelerator_cannot_broadcast_to_itself(bench: Any) -> None:
    registry = bench.registry(
        bench.offered("policy", "talker", weight_schemes=("nccl",)),
        bench.offered("optimizer", "stepper", bench.config, metrics=bench.watched, weight_schemes=("nccl",)),
    )
    shown = bench.shown(bench.swap("evaluation: {every: 4}", DEVICES + "{policy: [0], optimizer: [0]}"), registry=registry)
    assert shown.startswith(
        "good.yaml:14:19: has 0 in common with devices.optimizer, but weights go by 'nccl', which joins different ones, expected other "
        "numbers or another scheme"
    )


def test_a_policy_that_takes_turns_cannot_play_ahead(bench: Any) -> None:
    text = bench.swap("evaluation: {every: 4}", DEVICES + "{policy: [0], optimizer: [0]}")
    shown = bench.shown(text.replace("training: {updates: 12}", "training: {updates: 12, max_staleness: 1}"))
    assert shown.startswith(
        "good.yaml:12:40: is 1, but policy and optimizer take turns on their devices and cannot work at once, expected 0, or devices that "
        "they do not share"
    )
