"""A built component gets what its role is given, and nothing else."""

import os
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlef_core.errors import ComponentError, Origin
from rlef_core.metrics import Meter
from rlef_core.registry import Offered
from rlef_core.roles import component
from rlef_core.spec import Builder, derive_seed

PATHS = st.lists(st.integers() | st.text(), max_size=4)


def builder(bench: Any, *overrides: str, registry: Any = None) -> Builder:
    plan = bench.plan(bench.good, *overrides, registry=registry)
    return Builder(plan, registry or bench.registry(), Path("somewhere"), Meter())


def test_a_component_is_built_with_its_config_and_context(bench: Any) -> None:
    build = builder(bench)
    config, context = build.build(build.plan.optimizer)
    assert config.rate == 2e-7
    assert (context.directory, context.model.path, context.sequences_per_update) == (Path("somewhere"), "some-model", 256)
    assert set(context.languages) == {"lua"}
    context.metrics.add("rollout/episodes", 1)
    assert build.metrics.drain() == {"rollout/episodes": 1}


def test_each_role_gets_its_own_devices_and_threads(bench: Any) -> None:
    build = builder(bench, "devices={policy: [0, 2], optimizer: [1]}", "threads={policy: 3}")
    contexts = {role: build.build(getattr(build.plan, role))[1] for role in ("policy", "optimizer", "executor", "feedback")}
    assert {role: context.devices for role, context in contexts.items()} == {
        "policy": ("cuda:0", "cuda:2"),
        "optimizer": ("cuda:1",),
        "executor": (),
        "feedback": (),
    }
    cores = len(os.sched_getaffinity(0))
    assert {role: context.threads for role, context in contexts.items()} == {
        "policy": 3,
        "optimizer": cores,
        "executor": cores,
        "feedback": cores,
    }


def test_a_component_builds_what_is_nested_in_its_config(bench: Any) -> None:
    build = builder(bench, "optimizer.inner={use: jail, depth: 4}", "threads.executor=5")
    config, context = build.build(build.plan.optimizer)
    inner, inside = context.build(config.inner)
    assert (inner.depth, inside.threads) == (4, 5)


def test_a_component_that_cannot_be_built_is_named(bench: Any) -> None:
    @attrs.frozen
    class Nothing:
        pass

    def build(config: Any, context: Any) -> Any:
        raise OSError("no such folder")

    made = component(name="plain", summary="for tests", config=Nothing, build=build)
    broken = builder(bench, registry=bench.registry(Offered(made, Origin("feedback", "plain", "parts", "acme-parts", "1.2"))))
    with pytest.raises(ComponentError) as caught:
        broken.build(broken.plan.feedback)
    assert str(caught.value) == ("feedback 'plain' (plugin parts, distribution acme-parts 1.2) failed in build: OSError: no such folder")


def test_components_draw_different_seeds_from_one_root(bench: Any) -> None:
    build = builder(bench)
    _, policy = build.build(build.plan.policy)
    _, optimizer = build.build(build.plan.optimizer)
    assert policy.seed("x", 1) == policy.seed("x", 1) == derive_seed(7, "policy", "talker", "x", 1)
    assert len({policy.seed(), policy.seed("x"), policy.seed("x", 1), policy.seed("x", "1"), optimizer.seed("x", 1)}) == 5


def test_a_seed_is_the_same_in_every_process() -> None:
    assert derive_seed(7, "a", 1) == 0x2C82D3A5B7CEFED9  # sha256sum of [7,"a",1], its first 16 digits, halved


@given(st.integers(), PATHS, PATHS)
def test_seeds_are_63_bits_and_differ_when_their_paths_do(root: int, one: list[int | str], other: list[int | str]) -> None:
    assert 0 <= derive_seed(root, *one) < 2**63
    assert (derive_seed(root, *one) == derive_seed(root, *other)) == (one == other)
