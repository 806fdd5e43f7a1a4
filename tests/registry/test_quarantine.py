"""A plugin that goes wrong is set aside with its reason, and nobody else notices."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rlef_core.registry import PluginInfo, Registry, discover

Installed = Callable[..., Path]

REASONS = {
    "rlef-missing-import": "ModuleNotFoundError: No module named 'a_package_that_nobody_has' (",
    "rlef-quitter": "importing rlef_quitter raised SystemExit: 7 (",
    "rlef-misspelt-syntax": "SyntaxError: invalid syntax (rlef_misspelt_syntax.py, line 3)",
    "rlef-late-raiser": "rlef_register_rewards raised RuntimeError: the second half is missing (",
    "rlef-second-hook-raiser": "rlef_register_checkers raised KeyError: 'checkers' (",
    "rlef-unknown-hook": "'rlef_register_polices' is no hook of rlef-core; did you mean 'rlef_register_policies'",
    "rlef-wrong-arguments": "Argument(s) {'direktory'} are declared in the hookimpl but can not be found in the hookspec",
    "rlef-unmarked": "function rlef_register_policies is not marked, expected @rlef_core.hookimpl above it",
    "rlef-hookless": "'hookless' has no function marked with rlef_core.hookimpl",
    "rlef-wrong-type": "rlef_register_policies offered 'g', expected Component",
    "rlef-returns-nothing": "rlef_register_policies returned None, expected an iterable of Component",
    "rlef-twins": "rlef_register_policies offered 'twin' more than once",
    "rlef-silent-setting": "config fields ['speed'] have no help text",
}


def plugin_of(registry: Registry, distribution: str) -> PluginInfo:
    (found,) = [plugin for plugin in registry.plugins if plugin.distribution == distribution]
    return found


@pytest.mark.parametrize(("distribution", "reason"), REASONS.items(), ids=REASONS)
def test_a_broken_plugin_is_quarantined_with_its_reason(distribution: str, reason: str, installed: Installed) -> None:
    installed(distribution)
    registry = discover()
    broken = plugin_of(registry, distribution)
    assert broken.status == "broken"
    assert reason in broken.reason
    assert "\n" not in broken.reason
    assert broken in registry.quarantined
    assert str(broken) == f"plugin {broken.name!r} (distribution {distribution} {broken.version}) is broken: {broken.reason}"


def test_the_reason_names_the_line_of_the_plugin_that_raised(installed: Installed) -> None:
    site = installed("rlef-missing-import")
    assert plugin_of(discover(), "rlef-missing-import").reason.endswith(f"({site / 'rlef_missing_import.py'}, line 3)")


def test_what_a_plugin_offered_before_it_raised_is_not_offered(installed: Installed) -> None:
    installed("rlef-late-raiser", "rlef-second-hook-raiser")
    registry = discover()
    assert "half-way" not in registry.names("reward")
    assert "first-half" not in registry.names("policy")


def test_a_plugin_for_another_core_is_incompatible_and_never_imported(installed: Installed) -> None:
    installed("rlef-from-the-future")
    plugin = plugin_of(discover(), "rlef-from-the-future")
    assert plugin.status == "incompatible"
    assert "it requires 'rlef-core>=99', but rlef-core " in plugin.reason
    assert "rlef_from_the_future" not in sys.modules


def test_an_interrupt_while_a_plugin_loads_is_the_users_and_passes(installed: Installed) -> None:
    site = installed("rlef-quitter")
    (site / "rlef_quitter.py").write_text("raise KeyboardInterrupt\n")
    with pytest.raises(KeyboardInterrupt):
        discover()


def test_entry_points_that_cannot_be_read_break_only_their_own_distribution(installed: Installed) -> None:
    site = installed("rlef-greeter", "rlef-hookless")
    (info,) = site.glob("rlef_hookless-*.dist-info")
    (info / "entry_points.txt").write_text("[rlef]\nthis line has no equals sign\n")
    registry = discover()
    assert plugin_of(registry, "rlef-hookless").status == "broken"
    assert plugin_of(registry, "rlef-greeter").status == "loaded"


def test_an_entry_point_that_is_no_reference_breaks_only_its_own_plugin(installed: Installed) -> None:
    site = installed("rlef-greeter", "rlef-hookless")
    (info,) = site.glob("rlef_hookless-*.dist-info")
    (info / "entry_points.txt").write_text("[rlef]\nhookless = not a module\n")
    registry = discover()
    assert plugin_of(registry, "rlef-hookless").status == "broken"
    assert plugin_of(registry, "rlef-greeter").status == "loaded"


def test_a_requirement_that_cannot_be_read_breaks_only_its_own_plugin(installed: Installed) -> None:
    site = installed("rlef-hookless")
    (info,) = site.glob("rlef_hookless-*.dist-info")
    (info / "METADATA").write_text("Metadata-Version: 2.4\nName: rlef-hookless\nVersion: 1\nRequires-Dist: rlef-core >< 3\n")
    assert "reading Requires-Dist raised InvalidRequirement" in plugin_of(discover(), "rlef-hookless").reason


def test_an_error_that_cannot_even_be_printed_breaks_only_its_own_plugin(installed: Installed) -> None:
    site = installed("rlef-hookless")
    (site / "rlef_hookless.py").write_text("class Mute(Exception):\n    def __str__(self):\n        raise self\n\nraise Mute\n")
    reason = plugin_of(discover(), "rlef-hookless").reason
    assert reason.startswith("importing rlef_hookless raised Mute: (an error whose message cannot be made) (")


def test_a_long_message_is_cut(installed: Installed) -> None:
    site = installed("rlef-hookless")
    (site / "rlef_hookless.py").write_text("raise RuntimeError('long ' * 100_000)\n")
    assert len(plugin_of(discover(), "rlef-hookless").reason) < 1000


def offers_with(sites: dict[str, Path], names: list[str]) -> set[tuple[str, str, str]]:
    modules = set(sys.modules)
    with pytest.MonkeyPatch.context() as patch:
        for name in names:
            patch.syspath_prepend(sites[name])
        origins = discover().origins
    for module in set(sys.modules) - modules:
        del sys.modules[module]
    return {(origin.role, origin.component, origin.distribution) for origin in origins}


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(broken=st.lists(st.sampled_from([*REASONS, "rlef-from-the-future"]), unique=True), place=st.integers(0, 20))
def test_broken_plugins_never_change_what_others_offer(sites: dict[str, Path], broken: list[str], place: int) -> None:
    well = ["rlef-greeter", "rlef-jail-one"]
    names = [*broken]
    for name in well:
        names.insert(place % (len(names) + 1), name)
    assert offers_with(sites, names) == offers_with(sites, well)
