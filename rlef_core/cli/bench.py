"""`rlef-core bench`: what a component does in a second, what it costs, and how it compares with others."""

import asyncio
import json
import os
from collections.abc import Iterator, Mapping, Sequence

import click
from rich.console import Console
from rich.table import Column, Table

from rlef_core.bench.executors import measure_executors
from rlef_core.bench.figures import Figure, Outcome
from rlef_core.bench.participants import participants
from rlef_core.bench.report import LOADS, Effort, Report
from rlef_core.bench.workloads import language_of
from rlef_core.cli.loading import load_plugins
from rlef_core.cli.options import json_option, no_plugin_option


@click.group()
def command() -> None:
    """Measure components side by side."""


@command.command("executor")
@click.option("--use", required=True, metavar="NAME", help="The executor to measure.")
@click.option(
    "--against", multiple=True, metavar="NAME", help="Measure beside this executor or baseline, not beside every baseline; repeatable."
)
@click.option("--workers", type=click.IntRange(1), help="Programs that run at once; one a core unless given.")
@click.option("--repeats", type=click.IntRange(1), default=5, show_default=True, help="Turns that each executor takes.")
@click.option("--seconds", type=click.FloatRange(0.1), default=4.0, show_default=True, help="Length of one measurement of throughput.")
@click.option(
    "--load", "loads", type=click.IntRange(1), multiple=True, default=LOADS, show_default=True, help="Competing processes a core."
)
@click.option("--loaded", type=click.IntRange(0), default=20, show_default=True, help="Programs judged under each load; 0: no loads.")
@no_plugin_option
@json_option
def executor(
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
    chosen, left_out = participants(registry, "executor", use, against, workers or len(os.sched_getaffinity(0)))
    for line in left_out:
        click.echo(f"note: {line}", err=True)
    effort = Effort(repeats, seconds, tuple(loads) if loaded else (), loaded)
    report = asyncio.run(measure_executors(chosen, language, effort, lambda line: click.echo(line, err=True)))
    goals = registry.goals("executor", use)
    if as_json:
        click.echo(json.dumps(report.to_json(goals)))
        return
    _show(report, report.outcomes(goals))


def _show(report: Report, outcomes: Sequence[Outcome]) -> None:
    console = Console(highlight=False, markup=False)
    if not console.is_terminal:
        console.width = 140
    console.print(_table(report.figures()))
    for line in (*_notes(report), *map(_judged, outcomes)):
        console.print(line, soft_wrap=True)


def _table(figures: Mapping[str, Mapping[str, Figure]]) -> Table:
    table = Table("figure", *(Column(name, justify="right") for name in figures))
    for key in next(iter(figures.values())):
        table.add_row(key, *(_cell(each[key]) for each in figures.values()))
    return table


def _cell(figure: Figure) -> str:
    if figure.low == figure.high:
        return f"{figure.value:.4g}"
    return f"{figure.value:.4g} ({figure.low:.4g} to {figure.high:.4g})"


def _notes(report: Report) -> Iterator[str]:
    machine = report.environment
    load = ", ".join(map(str, machine["load_average"]))
    yield f"{report.workers} programs at once on {machine['cores']} cores, {machine['cpu']}; load average before: {load}"
    yield f"Python {machine['python_version']}, kernel {machine['kernel']}"
    for name, each in report.references.items():
        own = f"{each.own_cpu_ms:.3f} ms of CPU in a fork of its own, of which its program {each.program_cpu_ms:.3f} ms"
        yield f"a case of {name} needs {own}"
    yield f"the floor, starting and awaiting `true`: {report.floor.cpu_ms:.3f} ms of CPU, {report.floor.wall_ms:.3f} ms"


def _judged(outcome: Outcome) -> str:
    goal = outcome.goal
    bound = f"at least {goal.at_least:g}" if goal.at_least is not None else f"at most {goal.at_most:g}"
    of = f" times that of {goal.times}" if goal.times else ""
    verdict = "not measured" if outcome.found is None else f"{outcome.found:.4g}, {'met' if outcome.met else 'missed'}"
    return f"goal for {goal.component}: {goal.figure} {bound}{of}: {verdict}"
