"""`rlef-core runs`: what becomes of a run when it has been trained."""

from collections.abc import Sequence
from pathlib import Path

import click

from rlef_core.api import export
from rlef_core.cli.options import no_plugin_option


@click.group()
def command() -> None:
    """Export what a run has learnt."""


@command.command("export")
@click.argument("directory", type=click.Path(path_type=Path))
@click.option("--to", type=click.Path(path_type=Path), metavar="FOLDER", help="Where to; DIRECTORY/export-UPDATES unless given.")
@no_plugin_option
def export_run(directory: Path, to: Path | None, no_plugin: Sequence[str]) -> None:
    """Export the policy of the run in DIRECTORY: a Hugging Face model folder with a card.

    DIRECTORY may also be one of the run's checkpoints; of a run the newest one is taken. Prints the folder.
    """
    click.echo(export(directory, to, no_plugin))
