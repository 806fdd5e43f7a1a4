"""What the benches of a spec's components are asked by."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from rlef_core.training.stopping import Stopper

spec_argument = click.argument("spec", type=click.Path(path_type=Path))
"""Gives the command a `spec: Path`."""

against_option = click.option(
    "--against",
    multiple=True,
    metavar="RIVAL",
    help="Measure beside this component or baseline, not beside every baseline: its name, or a block such as "
    "'{use: NAME, setting: value}'; repeatable.",
)
"""Gives the command an `against: tuple[str, ...]`."""

pairs_option = click.option(
    "--pairs", type=click.IntRange(1), default=10, show_default=True, help="Turns that each takes, after one to warm up."
)
"""Gives the command a `pairs: int`."""


def say(line: str) -> None:
    """Tell how far a bench is, on standard error."""
    click.echo(line, err=True)


@contextmanager
def workplace() -> Iterator[Path]:
    """A temporary folder for what is measured; gone when the block ends, also when a signal ends it."""
    with Stopper(say).at_once(), tempfile.TemporaryDirectory(prefix="rlef-core-bench-") as folder:
        yield Path(folder)
