"""What the registry finds when the plugins are well."""

import json
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import pytest

from rlef_core import Origin
from rlef_core.registry import discover

Installed = Callable[..., Path]
Strangers = Callable[[], list[str]]


def test_a_plugin_offers_components_of_several_roles_and_each_names_its_distribution(installed: Installed) -> None:
    installed("rlef-greeter")
    registry = discover()
    offered = registry.find("policy", "greeter")
    assert offered.origin == Origin("policy", "greeter", "greeter", "rlef-greeter", "1.2.0")
    assert offered.component.summary == "says hello"
    assert registry.find("feedback", "greeter").component.summary == "says hello again"
    assert registry.language("hello").source_name == "main.hello"
    assert registry.language_origin("hello") == Origin("language", "hello", "greeter", "rlef-greeter", "1.2.0")


def test_the_built_in_plugin_comes_through_the_same_entry_point_as_any_other() -> None:
    builtin = [plugin for plugin in discover().plugins if plugin.distribution == "rlef-core"]
    assert [(plugin.name, plugin.module, plugin.status) for plugin in builtin] == [("builtin", "rlef_core.builtin", "loaded")]


def test_a_loaded_plugin_lists_the_hooks_that_it_implements(installed: Installed) -> None:
    installed("rlef-greeter")
    (greeter,) = [plugin for plugin in discover().plugins if plugin.name == "greeter"]
    assert greeter.status == "loaded"
    assert greeter.reason == ""
    assert greeter.hooks[0] == "rlef_register_policies"
    assert "rlef_run_finished" in greeter.hooks
    assert "rlef_run_started" not in greeter.hooks


def test_a_lifecycle_hook_takes_only_the_arguments_that_it_asks_for(installed: Installed, tmp_path: Path) -> None:
    installed("rlef-greeter")
    ((plugin, finished),) = [pair for pair in discover().lifecycle("rlef_run_finished") if pair[0].name == "greeter"]
    finished(directory=tmp_path, summary={})
    assert plugin.distribution == "rlef-greeter"
    assert (tmp_path / "greeting").read_text() == "goodbye"


def test_asking_for_a_hook_that_is_none_is_an_error() -> None:
    with pytest.raises(ValueError, match="'rlef_run_begun' is no hook"):
        discover().lifecycle("rlef_run_begun")


def test_of_two_versions_on_the_path_the_first_one_counts_because_it_is_the_one_imported(installed: Installed, tmp_path: Path) -> None:
    site = installed("rlef-greeter")
    older = tmp_path / "older"
    info = older / "rlef_greeter-0.9.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.4\nName: rlef-greeter\nVersion: 0.9\n")
    (info / "entry_points.txt").write_text("[rlef]\ngreeter = rlef_greeter\nold = rlef_old\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(older)
        patch.syspath_prepend(site)
        found = [(plugin.name, plugin.version) for plugin in discover().plugins if plugin.distribution == "rlef-greeter"]
    assert found == [("greeter", "1.2.0")]


def test_what_a_plugin_prints_while_it_loads_does_not_spoil_standard_output(
    installed: Installed, capsys: pytest.CaptureFixture[str]
) -> None:
    installed("rlef-chatterbox")
    print(json.dumps(discover().names("policy")))
    out, err = capsys.readouterr()
    assert "chatterbox" in json.loads(out)
    assert "hello from the chatterbox" in err


def test_the_one_executor_that_isolates_is_the_default(installed: Installed, strangers: Strangers) -> None:
    installed("rlef-greeter", "rlef-unwell")
    registry = discover(block=strangers())
    assert [offered.origin.component for offered in registry.isolating_executors()] == ["greenhouse"]
    assert registry.default_executor().origin.distribution == "rlef-greeter"


def test_the_version_of_an_origin_is_the_version_of_its_metadata() -> None:
    versions = {plugin.version for plugin in discover().plugins if plugin.distribution == "rlef-core"}
    assert versions == {metadata.version("rlef-core")}


def test_a_plugin_that_raises_in_its_health_report_is_itself_a_finding(installed: Installed) -> None:
    installed("rlef-greeter", "rlef-unwell")
    found = {plugin.name: health for plugin, health in discover().health() if plugin.name in ("greeter", "unwell")}
    assert found["greeter"].works
    assert not found["unwell"].works
    assert "OSError: the doctor is on holiday" in found["unwell"].found
