"""`rlef-core --help` is quick and imports no plugin; failures become messages and exit codes."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage

import click
import pytest
from click.testing import CliRunner

from rlef_core import CheckpointError, ExitCode, Interrupted, PluginError, RlefError, SpecError, SpecFault, UsageError
from rlef_core.cli import COMMANDS, main

Installed = Callable[..., Path]

TELL_MODULES = """
import sys
from rlef_core.cli import main
main(["--help"], standalone_mode=False)
print(*sorted(sys.modules), file=sys.stderr)
"""


def python(*arguments: str, path: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = {"PYTHONPATH": str(path or "")}
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, env=environment, check=False)


def failing(error: BaseException) -> click.Command:
    @click.command()
    def command() -> None:
        raise error

    return command


@pytest.fixture
def command_that_raises(monkeypatch: pytest.MonkeyPatch) -> Callable[[BaseException], None]:
    """Puts a module in the table of commands whose command `fail` raises."""

    def put(error: BaseException) -> None:
        module = type(sys)("command_that_raises")
        module.__dict__["command"] = failing(error)
        monkeypatch.setitem(sys.modules, "command_that_raises", module)
        monkeypatch.setattr("rlef_core.cli.COMMANDS", {**COMMANDS, "fail": ("command_that_raises", "Fails.")})

    return put


def test_help_names_every_command_with_its_line_of_help() -> None:
    result = CliRunner().invoke(main, ["--help"])
    assert result.exit_code == 0
    for name, (_, help) in COMMANDS.items():
        assert f"  {name}" in result.output
        assert help in result.output


def test_help_imports_no_plugin_and_no_command(installed: Installed) -> None:
    site = installed("rlef-quitter", "rlef-greeter")
    result = python("-c", TELL_MODULES, path=site)
    assert result.returncode == 0, result.stderr
    modules = set(result.stderr.split())
    assert not modules & {"rlef_quitter", "rlef_greeter", "rlef_core.builtin", "rlef_core.registry", "ruamel.yaml", "rich", "asyncio"}
    assert not modules & {module for module, _ in COMMANDS.values()}


def test_help_takes_under_300_milliseconds_of_processor_time() -> None:
    def cpu_seconds() -> float:
        before = getrusage(RUSAGE_CHILDREN)
        assert python("-c", "from rlef_core.cli import main; main(['--help'])").returncode == 0
        after = getrusage(RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    # Not wall time, which on a busy machine tells what its neighbours do. On an idle one the two are nearly the same: help waits for
    # nothing but the disk.
    assert min(cpu_seconds() for _ in range(5)) < 0.3


def test_the_help_of_plugins_survives_a_plugin_that_ends_the_process(installed: Installed) -> None:
    site = installed("rlef-quitter")
    for arguments in (["--help"], ["plugins", "--help"], ["plugins", "list", "--help"], ["--version"]):
        result = python("-c", f"from rlef_core.cli import main; main({arguments})", path=site)
        assert result.returncode == 0, result.stderr
        assert result.stderr == ""


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (RlefError("x"), 4),
        (UsageError("x"), 2),
        (SpecError([SpecFault("x")]), 2),
        (PluginError("x"), 3),
        (CheckpointError("x"), 5),
        (Interrupted("x"), 130),
        (KeyboardInterrupt(), 130),
    ],
    ids=lambda value: type(value).__name__,
)
def test_each_error_has_its_exit_code(error: BaseException, code: int, command_that_raises: Callable[[BaseException], None]) -> None:
    command_that_raises(error)
    assert CliRunner().invoke(main, ["fail"]).exit_code == code


def test_an_error_is_a_message_on_standard_error_without_a_traceback(command_that_raises: Callable[[BaseException], None]) -> None:
    command_that_raises(PluginError("policy 'x' is unknown"))
    result = CliRunner().invoke(main, ["fail"])
    assert result.stdout == ""
    assert result.stderr == "error: policy 'x' is unknown\n"


def test_debug_adds_the_traceback(command_that_raises: Callable[[BaseException], None]) -> None:
    command_that_raises(PluginError("policy 'x' is unknown"))
    result = CliRunner().invoke(main, ["--debug", "fail"])
    assert "Traceback (most recent call last)" in result.stderr
    assert result.stderr.endswith("error: policy 'x' is unknown\n")
    assert result.exit_code == ExitCode.PLUGIN


def test_an_unknown_command_is_a_usage_error() -> None:
    result = CliRunner().invoke(main, ["pluggins"])
    assert result.exit_code == ExitCode.SPEC
    assert "No such command 'pluggins'; did you mean 'plugins'?" in result.stderr
