"""`rlef-core resume`: go on with a run from its last checkpoint."""

from collections.abc import Sequence
from pathlib import Path

import click

from rlef_core.api import resume
from rlef_core.cli.options import no_plugin_option, set_option, trace_option
from rlef_core.cli.progress import shown
from rlef_core.cli.results import print_summary
from rlef_core.cli.tracing import traced


@click.command()
@click.argument("directory", type=click.Path(path_type=Path))
@set_option
@no_plugin_option
@trace_option
def command(directory: Path, overrides: Sequence[str], no_plugin: Sequence[str], trace: Path | None) -> None:
    """Go on with the run in DIRECTORY from its newest checkpoint.

    What the run wrote after that checkpoint is set aside as *.tail-N. --set takes keys that change where, how fast and how long it
    learns, and those that components declare; the run's plan.json remembers each change.
    """
    with shown() as session, traced(session, trace) as session:
        summary = resume(directory, no_plugin, overrides=overrides, session=session)
    print_summary(summary)
