"""`rlef-core bench executor`: what a sandbox does in a second, what it costs, and whether load changes its verdicts."""

import asyncio
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from rlef_core.bench.executors import measure_executors
from rlef_core.bench.participants import Setup, participants
from rlef_core.bench.report import LOADS, Effort, Report
from rlef_core.bench.workloads import language_of
from rlef_core.cli.bench_options import against_option
from rlef_core.cli.bench_tables import judged, machine_lines, show, side_by_side
from rlef_core.cli.loading import load_plugins
from rlef_core.cli.options import json_option, no_plugin_option
from rlef_core.spec import Plan
from rlef_core.spec.blocks import SpecBlock, ThreadsBlock


@click.command("executor")
@click.option("--use", required=True, metavar="NAME", help="The executor to measure.")
@against_option
@click.option("--workers", type=click.IntRange(1), help="Programs that run at once; one a core unless given.")
@click.option("--repeats", type=click.IntRange(1), default=5, show_default=True, help="Turns that each executor takes.")
@click.option("--seconds", type=click.FloatRange(0.1), default=4.0, show_default=True, help="Length of one measurement of throughput.")
@click.option(
    "--load", "loads", type=click.IntRange(1), multiple=True, default=LOADS, show_default=True, help="Competing processes a core."
)
@click.option("--loaded", type=click.IntRange(0), default=20, show_default=True, help="Programs judged under each load; 0: no loads.")
@no_plugin_option
@json_option
def command(
    use: str,
    against: Sequence[str],
    workers: int | None,
    repeats: int,
    seconds: float,
    loads: Sequence[int],
    loaded: int,
    no_plugin: Sequence[str],
    as_json: bool,
) -> None:
    """Measure an executor beside the baselines, in one run, each in turn.

    A figure is the median of the repeats, with the least and the most; a latency's is over all programs. CPU time is that of
    the whole tree of processes, this command included. Exit code 0 whatever the figures; `--json` prints all of them.
    """
    registry = load_plugins(no_plugin)
    language = language_of(registry.languages)
    plan = Plan(SpecBlock(name="bench", threads=ThreadsBlock(executor=workers or len(os.sched_getaffinity(0)))))
    chosen, left_out = participants(Setup(registry, plan, Path.cwd()), "executor", use, against)
    for line in left_out:
        click.echo(f"note: {line}", err=True)
    effort = Effort(repeats, seconds, tuple(loads) if loaded else (), loaded)
    report = asyncio.run(measure_executors(chosen, language, effort, lambda line: click.echo(line, err=True)))
    goals = registry.goals("executor", use)
    if as_json:
        click.echo(json.dumps(report.to_json(goals)))
        return
    show([side_by_side(report.figures())], [*_notes(report), *map(judged, report.outcomes(goals))])


def _notes(report: Report) -> Iterator[str]:
    yield from machine_lines(report.environment, f"{report.workers} programs at once")
    for name, each in report.references.items():
        own = f"{each.own_cpu_ms:.3f} ms of CPU in a fork of its own, of which its program {each.program_cpu_ms:.3f} ms"
        yield f"a case of {name} needs {own}"
    yield f"the floor, starting and awaiting `true`: {report.floor.cpu_ms:.3f} ms of CPU, {report.floor.wall_ms:.3f} ms"
