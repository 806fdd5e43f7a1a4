"""`rlef-core run`: train as a spec says, and evaluate."""

from collections.abc import Sequence
from pathlib import Path

import click

from rlef_core.api import run
from rlef_core.cli.options import no_plugin_option, set_option, trace_option
from rlef_core.cli.progress import shown
from rlef_core.cli.results import print_summary
from rlef_core.cli.tracing import traced


@click.command()
@click.argument("spec", type=click.Path(path_type=Path))
@set_option
@no_plugin_option
@click.option("--set-aside", is_flag=True, help="Rename an earlier run in the same directory instead of refusing to start.")
@trace_option
def command(spec: Path, overrides: Sequence[str], no_plugin: Sequence[str], set_aside: bool, trace: Path | None) -> None:
    """Train as SPEC says, and evaluate.

    Interrupt it once (Ctrl-C) to stop with a checkpoint, twice to stop at once.
    """
    with shown() as session, traced(session, trace) as session:
        summary = run(spec, overrides, no_plugin, session=session, aside=set_aside)
    print_summary(summary)
