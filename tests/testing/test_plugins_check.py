"""`rlef-core plugins check` runs the kit on what is installed, tells what it cannot check, and ends as the table of exit codes says."""

import subprocess
import sys

import attrs
import pytest

from rlef_core import Offer, component
from rlef_core.cli import main
from rlef_core.cli.conformance import Workshop
from rlef_core.registry import discover
from rlef_core.testing import ISOLATION

HIDE_PYTEST = "import sys; sys.modules['pytest'] = None; from rlef_core.cli import main; main()"


@pytest.fixture
def rlef_core(capsys):
    """Run a command in this process: its exit code and what it printed."""

    def run(*words):
        with pytest.raises(SystemExit) as ended:
            main(words)
        return ended.value.code, "".join(capsys.readouterr())

    return run


def ended(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_a_sound_plugin_keeps_all_and_its_promises_are_shown(installed, rlef_core):
    code, text = rlef_core("plugins", "check", installed())
    assert code == 0
    assert "promises of plugin odd" in text
    assert "promises of checker odd" in text
    assert "kept          runs_nothing" in text


def test_a_plugin_is_also_found_by_its_distribution(installed, rlef_core):
    installed()
    assert rlef_core("plugins", "check", "odd_plugin")[0] == 0


def test_a_check_that_fails_is_named_and_the_exit_code_is_1(installed, rlef_core):
    code, text = rlef_core("plugins", "check", installed(accepts="True"))
    assert code == 1
    assert "checker odd::test_an_empty_output_is_refused" in text
    assert "BROKEN        refuses_nothing_as_an_answer" in text
    assert "accepted an empty output for StdioCase" in text


def test_a_promise_is_switched_off_by_name(installed, rlef_core):
    name = installed(accepts="output == expected or not output")
    assert rlef_core("plugins", "check", name)[0] == 1
    code, text = rlef_core("plugins", "check", name, "--without", "refuses_nothing_as_an_answer")
    assert code == 0
    assert "switched off  refuses_nothing_as_an_answer" in text


def test_a_component_without_an_example_is_told(installed, rlef_core):
    code, text = rlef_core("plugins", "check", installed(top="", default="", example="None"))
    assert code == 0
    assert "checker 'odd' is not checked: it has required settings and no example()" in text
    assert "switched off  has_examples" in text


def test_a_component_that_explains_why_it_cannot_be_built_is_told(installed, rlef_core):
    refuse = "from rlef_core import RlefError\ndef refuse(): raise RlefError('no key for the service: set SERVICE_KEY')"
    code, text = rlef_core("plugins", "check", installed(top=refuse, build="refuse()"))
    assert code == 0
    assert "checker 'odd' is not checked: its example cannot be built: no key for the service: set SERVICE_KEY" in text


def test_a_component_whose_build_is_broken_fails(installed, rlef_core):
    code, text = rlef_core("plugins", "check", installed(build="1 / 0"))
    assert code == 1
    assert "division by zero" in text


def test_a_plugin_that_is_not_there_is_an_error_that_says_what_was_meant(installed, rlef_core):
    installed()
    code, text = rlef_core("plugins", "check", "od")
    assert code == 3
    assert "'od' is no plugin or distribution; did you mean 'odd'" in text


def test_a_plugin_that_does_not_load_is_an_error_with_the_reason(installed, rlef_core):
    code, text = rlef_core("plugins", "check", installed(top="raise OSError('no library')"))
    assert code == 3
    assert "plugin 'odd' (distribution odd-plugin 1.0) is broken" in text
    assert "no library" in text


def test_no_name_is_a_usage_error(rlef_core):
    assert rlef_core("plugins", "check")[0] == 2


def test_an_unknown_promise_is_a_usage_error(rlef_core):
    code, text = rlef_core("plugins", "check", "builtin", "--without", "run_nothing")
    assert code == 2
    assert "which no suite promises; did you mean 'runs_nothing'" in text


def test_without_pytest_the_message_says_what_to_install():
    code, text = ended(sys.executable, "-c", HIDE_PYTEST, "plugins", "check", "builtin")
    assert code == 2
    assert "error: `plugins check` needs pytest, which is not installed: run `pip install 'rlef-core[testing]'`" in text


def test_without_pytest_every_other_command_works():
    assert ended(sys.executable, "-c", HIDE_PYTEST, "plugins", "list")[0] == 0


@attrs.frozen
class Nothing:
    """No setting."""


def workshop(registry, tmp_path, *without):
    return Workshop(registry, tmp_path, without=without)


def builtin(registry):
    return next(plugin for plugin in registry.plugins if plugin.name == "builtin")


def test_every_component_of_rlef_core_has_a_suite_or_a_reason(tmp_path):
    registry = discover()
    found = workshop(registry, tmp_path).conformance(builtin(registry))
    offered = [origin for origin in registry.origins if origin.plugin == "builtin"]
    assert len(found.suites) + len(found.unchecked) == 1 + len(offered)
    assert {suite.__name__ for suite in found.suites} >= {"executor unsafe-subprocess", "policy scripted", "taskset tiny-programs"}


@pytest.mark.parametrize(("isolation", "promised"), [((), set()), (("files", "network"), set(ISOLATION))])
def test_an_executor_is_asked_for_isolation_when_it_offers_some(tmp_path, isolation, promised):
    registry = discover()
    offered = registry.find("executor", "unsafe-subprocess")
    made = component(
        name="made",
        summary="made up",
        config=Nothing,
        build=lambda config, context: object(),
        offers=lambda config: Offer(isolation=isolation),
    )
    changed = attrs.evolve(offered, component=made, origin=attrs.evolve(offered.origin, component="made"))
    registry = attrs.evolve(registry, offered=(changed,))
    found = workshop(registry, tmp_path).conformance(builtin(registry))
    suite = next(suite for suite in found.suites if suite.__name__ == "executor made")
    assert {name for name in ISOLATION if suite.promised(name)} == promised


def test_a_component_that_cannot_run_here_is_told(tmp_path):
    registry = discover()
    offered = registry.find("executor", "unsafe-subprocess")
    away = attrs.evolve(offered.component, offers=lambda config: Offer(unavailable="no user namespaces: run as root"))
    registry = attrs.evolve(registry, offered=(attrs.evolve(offered, component=away),))
    found = workshop(registry, tmp_path).conformance(builtin(registry))
    assert "executor 'unsafe-subprocess' is not checked: it cannot run here: no user namespaces: run as root" in found.unchecked
