"""The command line: `rlef-core COMMAND`; a command's module is imported only when the command is given."""

import signal
import traceback
from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click

from rlef_core.errors import ExitCode, Interrupted, RlefError
from rlef_core.misses import did_you_mean

COMMANDS: Mapping[str, tuple[str, str]] = {
    "run": ("rlef_core.cli.run", "Train as a spec says, and evaluate."),
    "resume": ("rlef_core.cli.resume", "Go on with a run from its last checkpoint."),
    "check": ("rlef_core.cli.check", "Check a spec and show its plan; nothing is run."),
    "doctor": ("rlef_core.cli.doctor", "Tell what of this machine works, what does not, and what to do."),
    "judge": ("rlef_core.cli.judge", "Run programs on cases and print the verdicts."),
    "bench": ("rlef_core.cli.bench", "Measure components side by side."),
    "plugins": ("rlef_core.cli.plugins", "Show which plugins there are and what they offer."),
    "tasks": ("rlef_core.cli.tasks", "List, show and verify the tasks of a spec."),
    "runs": ("rlef_core.cli.runs", "Export what a run has learnt."),
    "episodes": ("rlef_core.cli.episodes", "List and show the episodes of a run."),
}
"""Each command's module, whose click command is named `command`, and its one line of help."""


class LazyCommands(click.Group):
    """A group that knows its commands by COMMANDS, so that `--help` imports none of them, and that turns failures into exit codes."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command:
        if cmd_name not in COMMANDS:
            ctx.fail(f"No such command {cmd_name!r}{did_you_mean(cmd_name, COMMANDS)}")
        found: click.Command = import_module(COMMANDS[cmd_name][0]).command
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, help) for name, (_, help) in COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            _ignore_interrupts()
            click.echo("interrupted", err=True)
            ctx.exit(ExitCode.INTERRUPTED)
        except RlefError as error:
            if isinstance(error, Interrupted):
                _ignore_interrupts()
            if ctx.params["debug"]:
                traceback.print_exc()
            click.echo(str(error) if isinstance(error, Interrupted) else f"error: {error}", err=True)
            ctx.exit(error.exit_code)
        except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise
        except Exception as error:
            if ctx.params["debug"]:
                raise
            click.echo(f"error: unexpected {type(error).__name__}: {error}; `rlef-core --debug ...` shows where it comes from", err=True)
            ctx.exit(ExitCode.COMPONENT)


@click.group(cls=LazyCommands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.version_option(package_name="rlef-core")
def main(debug: bool) -> None:
    """Train code LLMs by reinforcement learning on execution feedback.

    Exit codes: 0 done; 1 it ran and the answer is no; 2 spec or usage; 3 plugin; 4 component; 5 checkpoint; 130 interrupted.
    """


def _ignore_interrupts() -> None:
    # All is saved and said; one more Ctrl-C while the interpreter ends must not change the exit code.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
