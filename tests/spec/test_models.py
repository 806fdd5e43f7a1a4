"""`model.path` may name a model that a plugin makes: checked with the spec, made when a component asks, once."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pytest

from rlef_core.errors import ComponentError, ExitCode, Origin
from rlef_core.metrics import Meter
from rlef_core.registry import OfferedModel, Registry
from rlef_core.roles import MadeModel
from rlef_core.spec import Builder

ORIGIN = Origin("model", "tiny:talk", "makers", "acme-makers", "3.4")


class Workshop:
    """A registry with one model to make, which counts how often it was asked for."""

    def __init__(self, bench: Any) -> None:
        self.asked: list[tuple[Path, int]] = []
        self.registry: Registry = attrs.evolve(
            bench.registry(), offered_models=(OfferedModel(MadeModel("tiny:talk", "for tests", self.make), ORIGIN),)
        )

    def make(self, cache: Path, seed: int, progress: Callable[[int, int], None]) -> Path:
        self.asked.append((cache, seed))
        for done in range(1, 101):
            progress(done, 100)
        return cache / "talk"


@pytest.fixture
def workshop(bench: Any) -> Workshop:
    return Workshop(bench)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "rlef-core"


def test_a_plan_keeps_the_name_and_tells_who_makes_the_model(bench: Any, workshop: Workshop) -> None:
    plan = bench.plan(bench.good, "model.path=tiny:talk", registry=workshop.registry)
    assert plan.model.path == "tiny:talk"
    assert plan.distributions["acme-makers"] == "3.4"
    assert workshop.asked == []


def test_an_unknown_name_is_a_fault_at_its_place(bench: Any, workshop: Workshop) -> None:
    (fault,) = bench.faults(bench.swap("some-model", '"tiny:walk"'), registry=workshop.registry)
    assert fault.line == 3
    assert fault.message.startswith("model 'tiny:walk' is unknown; did you mean 'tiny:talk'?; installed for model: 'tiny:talk'")
    assert fault.message.endswith("a folder of this name is './tiny:walk'")


def test_an_unknown_name_exits_like_an_unknown_component(local: Path, command_line: Any) -> None:
    result = command_line("check", str(local), "--set", "model={path: 'tiny:walk'}")
    assert result.exit_code == ExitCode.PLUGIN
    assert "model 'tiny:walk' is unknown" in result.stderr


def test_a_folder_may_have_a_colon(bench: Any, workshop: Workshop) -> None:
    build = Builder(bench.plan(bench.good, "model.path=./tiny:walk"), workshop.registry, Path(), Meter())
    assert build.model is not None
    assert build.model.path == "./tiny:walk"
    assert workshop.asked == []


def test_components_get_the_folder_of_a_model_that_is_made_once(bench: Any, workshop: Workshop, cache: Path) -> None:
    plan = bench.plan(bench.good, "model={path: 'tiny:talk', seed: 5, max_length: 99}", registry=workshop.registry)
    build = Builder(plan, workshop.registry, Path(), Meter())
    models = [build.build(ref)[1].model for ref in (plan.policy, plan.optimizer)]
    assert [(model.path, model.max_length) for model in models] == [(str(cache / "talk"), 99)] * 2
    assert workshop.asked == [(cache, 5)]


def test_a_component_that_asks_for_no_model_has_none_made(bench: Any, workshop: Workshop) -> None:
    plan = bench.plan(bench.good, "model.path=tiny:talk", registry=workshop.registry)
    Builder(plan, workshop.registry, Path(), Meter()).build(plan.taskset)
    assert workshop.asked == []


def test_without_a_cache_directory_it_is_that_of_the_home(
    bench: Any, workshop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    plan = bench.plan(bench.good, "model.path=tiny:talk", registry=workshop.registry)
    assert Builder(plan, workshop.registry, Path(), Meter()).model.path == str(tmp_path / ".cache/rlef-core/talk")


def test_making_tells_how_far_it_is_in_about_ten_lines(
    bench: Any, workshop: Workshop, cache: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    plan = bench.plan(bench.good, "model.path=tiny:talk", registry=workshop.registry)
    assert Builder(plan, workshop.registry, Path(), Meter()).model is not None
    assert caplog.messages == [f"making the base model, once: {percent} %" for percent in range(10, 101, 10)]


def test_a_model_that_cannot_be_made_is_named_with_who_makes_it(bench: Any, cache: Path) -> None:
    def make(cache: Path, seed: int, progress: object) -> Path:
        raise OSError("no space left")

    offered = OfferedModel(MadeModel("tiny:talk", "for tests", make), ORIGIN)
    registry = attrs.evolve(bench.registry(), offered_models=(offered,))
    plan = bench.plan(bench.good, "model.path=tiny:talk", registry=registry)
    with pytest.raises(
        ComponentError, match=r"model 'tiny:talk' \(plugin makers, distribution acme-makers 3.4\) failed in make: OSError: no space"
    ):
        Builder(plan, registry, Path(), Meter()).build(plan.policy)[1].model  # noqa: B018  # reading it makes it


@pytest.mark.parametrize("name", ["tiny", "tiny:", ":talk", "tiny:talk:more", "Tiny:talk", "tiny:big talk"])
def test_the_name_of_a_model_to_make_is_two_words_joined_by_a_colon(name: str) -> None:
    with pytest.raises(ValueError, match="expected two lower-case words joined by a colon"):
        MadeModel(name, "for tests", lambda cache, seed, progress: cache)
