"""Check an installed plugin as a whole: it loads lightly, is taken by the registry, and every component explains itself."""

import json
import subprocess
import sys
import time
from importlib import metadata
from typing import Any

import attrs
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from rlef_core import Component, Language, Offer
from rlef_core.testing.suite import Suite, needs, promise

CORE = "rlef-core"
GROUP = "rlef"
HEAVY = ("torch", "transformers", "vllm", "deepspeed", "numpy", "pandas", "ray", "datasets", "tensorflow", "jax")
LONGEST_SUMMARY = 160
SLOWEST_OFFER = 5.0
LOAD = """
import contextlib, io, json, sys
from importlib import metadata
(entry,) = [each for each in metadata.entry_points(group={group!r}) if each.name == {name!r}]
with contextlib.redirect_stdout(io.StringIO()) as written:
    plugin = entry.load()
    for name in dir(plugin):
        if name.startswith("rlef_register_"):
            for each in getattr(plugin, name)():
                if hasattr(each, "offers") and hasattr(each, "config"):
                    try:
                        config = each.example() if each.example else each.config()
                    except TypeError:
                        continue
                    each.offers(config)
        if name == "rlef_report_health":
            list(plugin.rlef_report_health())
print(json.dumps({{"heavy": [name for name in {heavy!r} if name in sys.modules], "written": written.getvalue()}}))
"""


class PluginSuite(Suite):
    """The checks of an installed plugin; the fixture to write is `plugin`, the name of its entry point in group `rlef`."""

    has_examples: bool = promise("every component has an example() or needs no setting, so that `plugins check` can build it")

    @pytest.fixture
    def plugin(self) -> str:
        """Stands in for the author's."""
        raise NotImplementedError(self.fixture_wanted("plugin", "the name of its entry point"))

    @pytest.fixture
    def entry(self, plugin: str) -> metadata.EntryPoint:
        """The plugin's entry point."""
        found = [entry for entry in metadata.entry_points(group=GROUP) if entry.name == plugin]
        assert len(found) == 1, f"found {len(found)} entry points {plugin!r} of group {GROUP!r}, expected one; is the plugin installed?"
        return found[0]

    @pytest.fixture
    def components(self, entry: metadata.EntryPoint) -> list[Component[Any]]:
        """What the plugin offers, but languages."""
        return [each for each in offered(entry) if isinstance(each, Component)]

    def test_loading_it_imports_nothing_heavy_and_prints_nothing(self, plugin: str, entry: metadata.EntryPoint) -> None:
        found = json.loads(ran(sys.executable, "-c", LOAD.format(group=GROUP, name=plugin, heavy=HEAVY)))
        assert not found["heavy"], (
            f"loading plugin {plugin!r} imports {', '.join(found['heavy'])}: import it inside `build`, or a finding's `probe`"
        )
        assert not found["written"], f"loading plugin {plugin!r} prints {found['written']!r:.200}"

    def test_the_registry_takes_it(self, plugin: str, entry: metadata.EntryPoint) -> None:
        listed = json.loads(ran(sys.executable, "-m", "rlef_core", "plugins", "list", "--json"))
        found = next(each for each in listed["plugins"] if each["name"] == plugin)
        assert found["status"] == "loaded", f"plugin {plugin!r} is {found['status']}: {found['reason']}"
        assert found["hooks"], f"plugin {plugin!r} has no hook"

    def test_its_distribution_says_that_it_needs_rlef_core(self, entry: metadata.EntryPoint) -> None:
        distribution = entry.dist
        assert distribution is not None, f"entry point {entry.name!r} belongs to no distribution"
        if canonicalize_name(distribution.name) == CORE:
            return
        needed = {canonicalize_name(Requirement(line).name) for line in distribution.requires or ()}
        assert CORE in needed, f"distribution {distribution.name} requires {sorted(needed)}, expected {CORE!r} among them"

    def test_it_offers_the_same_each_time(self, entry: metadata.EntryPoint) -> None:
        first, again = ([each.name for each in offered(entry)] for _ in range(2))
        assert first == again, f"found {first} and then {again}"

    def test_every_component_says_what_it_is(self, components: list[Component[Any]]) -> None:
        for component in components:
            summary = component.summary
            fits = 0 < len(summary) <= LONGEST_SUMMARY and summary.splitlines() == [summary.strip()]
            wanted = f"expected one line of at most {LONGEST_SUMMARY} characters"
            assert fits, f"component {component.name!r} has the summary {summary!r}, {wanted}"

    def test_every_setting_has_a_help_text_and_a_type(self, components: list[Component[Any]]) -> None:
        for component in components:
            for field in attrs.fields(component.config):
                help = field.metadata.get("help") or ""
                assert help.strip(), f"setting {field.name!r} of {component.name!r} has no help text"
                assert field.type is not None, f"setting {field.name!r} of {component.name!r} has no type"

    @needs("has_examples")
    def test_every_component_has_an_example(self, components: list[Component[Any]]) -> None:
        lacking = [component.name for component in components if usual_config(component) is None]
        assert not lacking, f"components {', '.join(map(repr, lacking))} have required settings and no example()"

    def test_every_example_is_a_config(self, components: list[Component[Any]]) -> None:
        for component in components:
            if component.example is not None:
                found = component.example()
                assert isinstance(found, component.config), f"example() of {component.name!r} is {found!r}, no {component.config.__name__}"

    def test_every_offer_is_pure_and_quick(self, components: list[Component[Any]]) -> None:
        for component in components:
            if (config := usual_config(component)) is None:
                continue
            started = time.monotonic()
            first, again = component.offers(config), component.offers(config)
            took = time.monotonic() - started
            assert isinstance(first, Offer), f"offers of {component.name!r} returned {first!r}, expected rlef_core.Offer"
            assert first == again, f"offers of {component.name!r} changed from one call to the next"
            assert took < SLOWEST_OFFER, f"offers of {component.name!r} took {took:.1f} s twice, expected less than {SLOWEST_OFFER}"


def offered(entry: metadata.EntryPoint) -> list[Any]:
    """Every component and language of a plugin, in the order of its hooks' names."""
    plugin = entry.load()
    hooks = [getattr(plugin, name) for name in sorted(dir(plugin)) if name.startswith("rlef_register_")]
    return [each for hook in hooks for each in hook() if isinstance(each, Component | Language)]


def usual_config(component: Component[Any]) -> Any:
    """The component's example, else its config with every default; None when it has neither."""
    if component.example is not None:
        return component.example()
    required = any(field.default is attrs.NOTHING for field in attrs.fields(component.config))
    return None if required else component.config()


def ran(*command: str) -> str:
    """What a fresh process writes; it must end well."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, f"a fresh process failed: {done.stderr.strip()[-1000:]}"
    return done.stdout
