"""The `plugins:` block says what takes part, and what it names wrongly is shown at its place."""

from pathlib import Path

import pytest

from rlef_core.errors import ExitCode, PluginError, SpecError
from rlef_core.spec import open_plan, parse_spec, registry_for


def test_a_module_that_the_spec_loads_takes_part(local: Path) -> None:
    plan, registry = open_plan(local)
    assert plan.policy.origin.plugin == "local_parts"
    assert "local-policy" in registry.names("policy")


def test_a_plugin_that_is_blocked_takes_no_part(local: Path) -> None:
    assert "local-policy" not in registry_for(parse_spec("plugins: {}")).names("policy")
    blocked = registry_for(parse_spec("name: x"), ["rlef-core"])
    assert not any(offered.origin.distribution == "rlef-core" for offered in blocked.offered)
    assert "rlef-core" in {plugin.distribution for plugin in blocked.plugins if plugin.status == "blocked"}


@pytest.mark.parametrize("key", ["load", "block"])
def test_a_name_that_is_not_there_is_shown_at_its_place(key: str) -> None:
    with pytest.raises(SpecError) as caught:
        registry_for(parse_spec(f"plugins: {{{key}: [no_such_module]}}", "s.yaml"))
    (fault,) = caught.value.faults
    assert (fault.file, fault.line, fault.column) == ("s.yaml", 1, len("plugins: {: [") + len(key) + 1)
    assert caught.value.exit_code == ExitCode.PLUGIN


def test_a_wrong_name_on_the_command_line_is_not_blamed_on_the_spec() -> None:
    with pytest.raises(PluginError, match="no-such-plugin"):
        registry_for(parse_spec("name: x"), ["no-such-plugin"])


def test_a_module_that_breaks_is_a_fault_at_its_place(local: Path) -> None:
    (local.parent / "broken_parts.py").write_text("import no_such_thing\n")
    with pytest.raises(SpecError) as caught:
        open_plan(local, ["plugins.load=[local_parts, broken_parts]"])
    assert str(caught.value).startswith("--set plugins.load: plugin 'broken_parts'")
    assert "no_such_thing" in str(caught.value)


def test_a_malformed_block_is_one_fault_among_the_others(local: Path) -> None:
    with pytest.raises(SpecError) as caught:
        open_plan(local, ["plugins.load=3", "training.updates=0"])
    messages = [fault.message for fault in caught.value.faults]
    assert "found 3, expected a list" in messages
    assert "updates is 0, expected a number above 0" in messages
