"""`rlef-core plugins list` and `plugins show NAME`."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from rlef_core.cli import main
from rlef_core.cli.loading import load_plugins

Installed = Callable[..., Path]


def plugins(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["plugins", *arguments])


def test_list_shows_each_plugin_with_what_it_offers(installed: Installed) -> None:
    installed("rlef-greeter")
    result = plugins("list")
    assert result.exit_code == 0
    assert "greeter  rlef-greeter 1.2.0  rlef_greeter  loaded\n    policy    greeter\n" in result.output
    assert "    language  hello\n" in result.output
    assert "builtin  rlef-core " in result.output


def test_list_shows_broken_incompatible_and_blocked_plugins_and_conflicts(installed: Installed) -> None:
    installed("rlef-quitter", "rlef-from-the-future", "rlef-greeter", "rlef-jail-one", "rlef-jail-two")
    output = plugins("list", "--no-plugin", "greeter").output
    assert "quitter  rlef-quitter 0.1.0  rlef_quitter  broken\n    importing rlef_quitter raised SystemExit: 7" in output
    assert "from-the-future  rlef-from-the-future 3.0.0  rlef_from_the_future  incompatible\n    it requires 'rlef-core>=99'" in output
    assert "greeter  rlef-greeter 1.2.0  rlef_greeter  blocked" in output
    assert "conflict: executor 'jail' is offered by plugin 'jail-one'" in output


def test_list_as_json_holds_the_same(installed: Installed) -> None:
    installed("rlef-greeter", "rlef-chatterbox", "rlef-quitter")
    listed = json.loads(plugins("list", "--json").stdout)
    by_name = {plugin["name"]: plugin for plugin in listed["plugins"]}
    assert listed["schema_version"] == 1
    assert by_name["greeter"]["offers"] == {
        "policy": ["greeter"],
        "executor": ["greenhouse"],
        "feedback": ["greeter"],
        "taskset": ["queue"],
        "language": ["hello"],
        "model": ["greeter:parrot"],
    }
    assert by_name["quitter"]["status"] == "broken"
    assert by_name["quitter"]["offers"] == {}


def test_show_prints_a_name_in_every_role_that_has_it(installed: Installed) -> None:
    installed("rlef-greeter")
    output = plugins("show", "greeter").output
    assert "policy greeter: says hello\n  plugin greeter, distribution rlef-greeter 1.2.0, module rlef_greeter\n" in output
    assert "feedback greeter: says hello again\n" in output
    assert "greeter  rlef-greeter 1.2.0  rlef_greeter  loaded\n" in output


def test_show_prints_settings_offer_and_metrics(installed: Installed) -> None:
    installed("rlef-greeter")
    output = plugins("show", "greenhouse").output
    assert "    loud: bool = false\n        whether it raises its voice\n" in output
    assert "    isolation: network, files\n" in output
    assert "    languages: any\n" in output
    assert "    warning: it is warm inside\n" in output
    assert "    executor/warmth: how warm it is inside [K]\n" in output


def test_show_prints_a_policys_weight_schemes_and_whether_it_can_be_trained(installed: Installed) -> None:
    installed("rlef-greeter")
    assert "    weight schemes: none\n    trainable: yes\n" in plugins("show", "greeter").output


def test_show_prints_required_settings_units_and_nested_blocks(installed: Installed) -> None:
    installed("rlef-greeter")
    output = plugins("show", "queue").output
    assert "    steps: int required\n        how long it waits [s]\n" in output
    assert '    inner: Config = {"loud": false}\n' in output
    assert "    inner.loud: bool = false\n" in output
    assert "    depends on the settings that are required\n" in output


def test_show_prints_a_language(installed: Installed) -> None:
    installed("rlef-greeter")
    output = plugins("show", "hello").output
    assert "language hello: programs in main.hello\n" in output
    assert "    run: {hello} {source}\n" in output
    assert "    hello: hello-2 or hello (Debian package hello-lang)\n" in output


def test_show_prints_a_model_that_is_made(installed: Installed) -> None:
    installed("rlef-greeter")
    output = plugins("show", "greeter:parrot").output
    assert "model greeter:parrot: repeats what it hears\n  plugin greeter, distribution rlef-greeter 1.2.0" in output
    assert '    model: {path: "greeter:parrot"}\n' in output


def test_show_accepts_a_distribution_and_tells_why_it_is_broken(installed: Installed) -> None:
    installed("rlef-quitter")
    result = plugins("show", "RLEF-quitter")
    assert result.exit_code == 0
    assert "importing rlef_quitter raised SystemExit: 7" in result.output


def test_show_of_a_component_that_cannot_tell_what_it_isolates_says_so(installed: Installed) -> None:
    installed("rlef-unwell")
    assert (
        "unavailable: executor 'holiday' (plugin unwell, distribution rlef-unwell 0.1.0) cannot tell" in plugins("show", "holiday").output
    )


def test_show_of_an_unknown_name_exits_3_with_near_misses_and_what_failed(installed: Installed) -> None:
    installed("rlef-greeter", "rlef-quitter")
    result = plugins("show", "grenhouse")
    assert result.exit_code == 3
    assert "'grenhouse' is no component, language, plugin or distribution; did you mean 'greenhouse'?" in result.stderr
    assert "plugin 'quitter' (distribution rlef-quitter 0.1.0) is broken" in result.stderr


def test_every_built_in_component_has_a_page() -> None:
    offers = next(plugin["offers"] for plugin in json.loads(plugins("list", "--json").stdout)["plugins"] if plugin["name"] == "builtin")
    assert offers
    for role, names in offers.items():
        for name in names:
            result = plugins("show", name)
            assert result.exit_code == 0, result.output
            assert f"{role} {name}: " in result.output


def test_loading_for_a_command_prints_one_line_a_quarantined_plugin(installed: Installed, capsys: pytest.CaptureFixture[str]) -> None:
    installed("rlef-quitter", "rlef-from-the-future", "rlef-missing-import")
    load_plugins(["missing-import"])
    out, err = capsys.readouterr()
    assert out == ""
    lines = [line for line in err.splitlines() if "distribution rlef-core " not in line]
    assert [line.split(" (")[0] for line in lines] == ["warning: plugin 'from-the-future'", "warning: plugin 'quitter'"]
