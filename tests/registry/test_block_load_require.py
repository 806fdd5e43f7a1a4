"""`plugins: {require, load, block}`: each takes effect or is an error."""

import sys
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import pytest

from rlef_core import PluginError
from rlef_core.registry import discover

Installed = Callable[..., Path]


@pytest.mark.parametrize("name", ["quitter", "rlef-quitter", "RLEF_Quitter"])
def test_a_blocked_plugin_is_not_even_imported(name: str, installed: Installed) -> None:
    installed("rlef-quitter")
    (plugin,) = [plugin for plugin in discover(block=[name]).plugins if plugin.distribution == "rlef-quitter"]
    assert plugin.status == "blocked"
    assert "rlef_quitter" not in sys.modules


def test_blocking_what_is_not_there_is_an_error_with_near_misses(installed: Installed) -> None:
    installed("rlef-greeter")
    with pytest.raises(PluginError, match=r"names 'greter', which is no installed plugin or distribution; did you mean 'greeter'"):
        discover(block=["greter"])


def test_a_module_can_be_loaded_as_a_plugin_without_being_installed(installed: Installed) -> None:
    site = installed("rlef-greeter")
    (info,) = site.glob("*.dist-info")
    (info / "entry_points.txt").unlink()
    registry = discover(load=["rlef_greeter"])
    assert str(registry.find("policy", "greeter").origin) == "policy 'greeter' (plugin rlef_greeter, distribution unpackaged 0)"


@pytest.mark.parametrize("module", ["no_such_module", "no_such_package.module", "not a name", ".relative", ""])
def test_loading_a_module_that_is_missing_is_an_error(module: str) -> None:
    with pytest.raises(PluginError, match=r"plugins.load names module .*, which cannot be found"):
        discover(load=[module])


def test_a_loaded_module_that_raises_is_quarantined_like_any_plugin(installed: Installed) -> None:
    installed("rlef-quitter")
    names = [(plugin.name, plugin.status) for plugin in discover(load=["rlef_quitter"]).plugins]
    assert ("rlef_quitter", "broken") in names


def test_naming_a_module_in_both_load_and_block_is_an_error(installed: Installed) -> None:
    installed("rlef-greeter")
    with pytest.raises(PluginError, match="both name 'rlef_greeter'"):
        discover(load=["rlef_greeter"], block=["rlef_greeter"])


def test_requirements_that_hold_are_silent(installed: Installed) -> None:
    installed("rlef-greeter")
    discover().require(["rlef-greeter>=1.2", "rlef_core", "click"])


def test_every_requirement_that_does_not_hold_is_named_at_once(installed: Installed) -> None:
    installed("rlef-greeter")
    with pytest.raises(PluginError) as caught:
        discover().require(["rlef-greeter>=2", "rlef-nowhere", "=1"])
    message = str(caught.value)
    assert "'rlef-greeter>=2', but rlef-greeter 1.2.0 is installed" in message
    assert "rlef-nowhere is not installed; run `pip install 'rlef-nowhere'`" in message
    assert "holds '=1', expected a requirement" in message


def test_requiring_a_plugin_that_is_broken_or_blocked_is_an_error(installed: Installed) -> None:
    installed("rlef-quitter", "rlef-greeter")
    with pytest.raises(PluginError, match="is broken: importing rlef_quitter raised SystemExit"):
        discover().require(["rlef-quitter"])
    with pytest.raises(PluginError, match="is blocked"):
        discover(block=["greeter"]).require(["rlef-greeter"])


def test_the_core_itself_can_be_required_by_version() -> None:
    with pytest.raises(PluginError, match=f"rlef-core {metadata.version('rlef-core')} is installed"):
        discover().require(["rlef-core>=99"])
