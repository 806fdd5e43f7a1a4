"""`rlef-core bench loop`: what a collection's wall time goes into, and how much of it nothing works."""

import asyncio
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
from rich.table import Column, Table

from rlef_core.bench.loops import GOALS, NAME, Effort, measure_loop
from rlef_core.bench.pairs import Paired
from rlef_core.cli.bench_options import say, spec_argument, workplace
from rlef_core.cli.bench_tables import judged, machine_lines, show
from rlef_core.cli.options import json_option, no_plugin_option, set_option
from rlef_core.spec import open_plan


@click.command("loop")
@spec_argument
@click.option("--collections", type=click.IntRange(1), default=3, show_default=True, help="Collections measured, after one to warm up.")
@set_option
@no_plugin_option
@json_option
def command(spec: Path, collections: int, overrides: Sequence[str], no_plugin: Sequence[str], as_json: bool) -> None:
    """Tell what the time of the collections of SPEC goes into.

    SPEC is run in a temporary folder, without evaluations. Idle is the time in which nothing decodes, no program runs and
    nothing is learnt. Exit code 0 whatever the figures; `--json` prints all of them.
    """
    plan, registry = open_plan(spec, overrides, block=no_plugin)
    with workplace() as folder:
        measured = asyncio.run(measure_loop(plan, registry, folder, Effort(collections), say))
    if as_json:
        click.echo(json.dumps(measured.to_json(GOALS)))
        return
    show([_table(measured)], [*_lines(measured), *map(judged, measured.outcomes(GOALS))])


def _table(measured: Paired) -> Table:
    numbers = range(1, measured.asked["collections"] + 1)
    table = Table("figure", *(Column(f"collection {number}", justify="right") for number in numbers), Column("median", justify="right"))
    medians = measured.figures()[NAME]
    for key, values in measured.series[NAME].items():
        table.add_row(key, *(f"{value:.4g}" for value in values), f"{medians[key].value:.4g}")
    return table


def _lines(measured: Paired) -> Iterator[str]:
    asked = measured.asked
    yield from machine_lines(measured.environment, f"{asked['collections']} collections of {asked['updates_per_collection']} updates")
    yield f"a checkpoint takes {asked['seconds_per_checkpoint']:.3f} s; a collection bears its share of one"
    if "decode" not in asked["spans"]:
        yield "the policy marks no `decode`, so that the time in which it samples counts as idle"
