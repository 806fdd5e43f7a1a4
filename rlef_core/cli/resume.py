"""`rlef-core resume`: go on with a run from its last checkpoint."""

from collections.abc import Sequence
from pathlib import Path

import click

from rlef_core.api import resume
from rlef_core.cli.options import no_plugin_option
from rlef_core.cli.progress import shown
from rlef_core.cli.results import print_summary


@click.command()
@click.argument("directory", type=click.Path(path_type=Path))
@no_plugin_option
def command(directory: Path, no_plugin: Sequence[str]) -> None:
    """Go on with the run in DIRECTORY from its newest checkpoint.

    What the run wrote after that checkpoint is set aside as *.tail-N.
    """
    with shown() as session:
        summary = resume(directory, no_plugin, session=session)
    print_summary(summary)
