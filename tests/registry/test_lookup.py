"""Errors about names: what was asked for, what there is, what is missing, what to do."""

from collections.abc import Callable
from pathlib import Path

import pytest

from rlef_core import ExitCode, PluginError
from rlef_core.registry import discover

Installed = Callable[..., Path]
Strangers = Callable[[], list[str]]


def error_of(call: Callable[[], object]) -> str:
    with pytest.raises(PluginError) as caught:
        call()
    assert caught.value.exit_code == ExitCode.PLUGIN
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_an_unknown_name_lists_near_misses_what_is_installed_and_what_failed_to_load(installed: Installed) -> None:
    installed("rlef-greeter", "rlef-missing-import")
    message = error_of(lambda: discover().find("executor", "grenhouse"))
    assert message.startswith("executor 'grenhouse' is unknown; did you mean 'greenhouse'?")
    assert "installed for executor: " in message
    assert "'greenhouse'" in message.split("installed for executor: ")[1]
    assert "plugin 'missing-import' (distribution rlef-missing-import 0.3.0) is broken: " in message
    assert "No module named 'a_package_that_nobody_has'" in message
    assert "`rlef-core plugins list`" in message


def test_a_name_of_another_role_says_which(installed: Installed) -> None:
    installed("rlef-greeter")
    assert "'queue' is a name of role 'taskset'" in error_of(lambda: discover().find("policy", "queue"))


def test_a_blocked_plugin_is_told_to_whoever_asks_for_its_component(installed: Installed) -> None:
    installed("rlef-greeter")
    message = error_of(lambda: discover(block=["greeter"]).find("policy", "greeter"))
    assert "plugin 'greeter' (distribution rlef-greeter 1.2.0) is blocked" in message


def test_an_unknown_language_is_told_like_an_unknown_component(installed: Installed) -> None:
    installed("rlef-greeter")
    message = error_of(lambda: discover().language("helo"))
    assert message.startswith("language 'helo' is unknown; did you mean 'hello'?")


def test_two_plugins_with_one_name_are_both_named_with_the_way_out(installed: Installed) -> None:
    installed("rlef-jail-one", "rlef-jail-two")
    message = error_of(lambda: discover().find("executor", "jail"))
    assert "plugin 'jail-one' (distribution rlef-jail-one 1.0.0)" in message
    assert "plugin 'jail-two' (distribution rlef-jail-two 2.0.0)" in message
    assert "`plugins: {block: [rlef-jail-one]}`" in message
    assert "--no-plugin rlef-jail-one" in message


def test_the_way_out_of_a_conflict_leads_out(installed: Installed) -> None:
    installed("rlef-jail-one", "rlef-jail-two")
    assert discover(block=["rlef-jail-one"]).find("executor", "jail").origin.distribution == "rlef-jail-two"


def test_a_conflict_harms_nobody_who_does_not_use_the_name(installed: Installed) -> None:
    installed("rlef-jail-one", "rlef-jail-two")
    registry = discover()
    assert registry.find("executor", "jail-one").origin.distribution == "rlef-jail-one"
    assert registry.quarantined == ()
    assert len(registry.conflicts) == 3


def test_two_languages_of_one_name_conflict_only_for_who_uses_it(installed: Installed) -> None:
    installed("rlef-greeter", "rlef-jail-one", "rlef-jail-two")
    registry = discover()
    assert "hello" in registry.languages
    assert "whisper" not in registry.languages
    assert "rlef-jail-two 2.0.0" in error_of(lambda: registry.language("whisper"))


def test_an_unknown_model_to_make_is_told_like_an_unknown_component(installed: Installed) -> None:
    installed("rlef-greeter")
    assert discover().model("greeter:parrot").origin.distribution == "rlef-greeter"
    message = error_of(lambda: discover().model("greeter:parot"))
    assert message.startswith("model 'greeter:parot' is unknown; did you mean 'greeter:parrot'?")


def test_two_models_of_one_name_conflict_only_for_who_uses_it(installed: Installed) -> None:
    installed("rlef-greeter", "rlef-jail-one", "rlef-jail-two")
    registry = discover()
    assert registry.model("greeter:parrot").model.summary == "repeats what it hears"
    assert "rlef-jail-two 2.0.0" in error_of(lambda: registry.model("jail:bird"))


def test_the_way_out_of_a_conflict_with_a_built_in_is_to_leave_out_the_other(installed: Installed) -> None:
    site = installed("rlef-greeter")
    builtin = next(origin for origin in discover().origins if origin.distribution == "rlef-core" and origin.role == "feedback")
    code = (site / "rlef_greeter.py").read_text().replace('"greeter"', f'"{builtin.component}"')
    (site / "rlef_rival.py").write_text(code)
    message = error_of(lambda: discover(load=["rlef_rival"]).find("feedback", builtin.component))
    assert f"(distribution rlef-core {builtin.version})" in message
    assert "leave all but one out: take 'rlef_rival' out of `plugins: {load: [...]}`, or `plugins: {block: [rlef-core]}`" in message


def test_a_conflict_inside_one_distribution_is_solved_by_plugin_names(installed: Installed) -> None:
    site = installed("rlef-jail-one")
    (info,) = site.glob("*.dist-info")
    (info / "entry_points.txt").write_text("[rlef]\nfront = rlef_jail_one\nback = rlef_jail_one\n")
    message = error_of(lambda: discover().find("executor", "jail"))
    assert "`plugins: {block: [front]}` in the spec (--no-plugin front), or `plugins: {block: [back]}`" in message


def test_several_isolating_executors_are_shown_as_a_choice(installed: Installed, strangers: Strangers) -> None:
    installed("rlef-greeter", "rlef-jail-one", "rlef-unwell")
    message = error_of(lambda: discover(block=strangers()).default_executor())
    assert "several installed executors offer isolation" in message
    assert "isolates network, files" in message
    assert "isolates nothing" in message
    assert "OSError: the sandbox is on holiday" in message


def test_no_isolating_executor_is_an_error_that_shows_what_there_is(strangers: Strangers) -> None:
    message = error_of(lambda: discover(block=strangers()).default_executor())
    assert message.startswith(
        "no executor is chosen and no installed executor offers isolation; choose one with `executor: {use: NAME}`, or"
    )
