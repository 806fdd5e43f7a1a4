"""Print figures side by side, the machine they were taken on, and what became of the goals."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import click
from rich.console import Console
from rich.table import Column, Table

from rlef_core.bench.figures import Figure, Outcome, Ratio
from rlef_core.bench.pairs import Paired
from rlef_core.goals import Goal


def show(tables: Sequence[Table], lines: Sequence[str]) -> None:
    """Print tables and then lines, which are not wrapped."""
    console = Console(highlight=False, markup=False)
    if not console.is_terminal:
        console.width = 140
    for table in tables:
        console.print(table)
    for line in lines:
        console.print(line, soft_wrap=True)


def side_by_side(figures: Mapping[str, Mapping[str, Figure]]) -> Table:
    """A row a figure, a column a participant; a dash where one has no such figure."""
    table = Table("figure", *(Column(name, justify="right") for name in figures))
    for key in dict.fromkeys(key for each in figures.values() for key in each):
        table.add_row(key, *(cell(each.get(key)) for each in figures.values()))
    return table


def cell(figure: Figure | Ratio | None) -> str:
    """The value with the range that belongs to it, where that is one."""
    if figure is None:
        return "-"
    if figure.low == figure.high:
        return f"{figure.value:.4g}"
    return f"{figure.value:.4g} ({figure.low:.4g} to {figure.high:.4g})"


def machine_lines(environment: Mapping[str, Any], at_work: str) -> Iterator[str]:
    """What the figures were taken on; `at_work` says what ran on its cores."""
    load = ", ".join(map(str, environment["load_average"]))
    yield f"{at_work} on {environment['cores']} cores, {environment['cpu']}; load average before: {load}"
    yield f"Python {environment['python_version']}, kernel {environment['kernel']}"


def judged(outcome: Outcome) -> str:
    """A goal in one line: its bound, what was found, met or missed."""
    goal = outcome.goal
    bound = f"at least {goal.at_least:g}" if goal.at_least is not None else f"at most {goal.at_most:g}"
    of = f" times that of {goal.times}" if goal.times else ""
    verdict = "not measured" if outcome.found is None else f"{outcome.found:.4g}, {'met' if outcome.met else 'missed'}"
    return f"goal for {goal.component}: {goal.figure} {bound}{of}: {verdict}"


def tell_pairs(paired: Paired, goals: Sequence[Goal], at_work: str, *, as_json: bool) -> None:
    """Print everything as JSON; or the figures, each participant's ratios with their intervals, the machine, the goals."""
    if as_json:
        click.echo(json.dumps(paired.to_json(goals)))
        return
    ratios = [_ratios(paired.names[1], paired.ratios())] if len(paired.names) > 1 else []
    lines = [*machine_lines(paired.environment, at_work), *map(judged, paired.outcomes(goals))]
    show([side_by_side(paired.figures()), *ratios], lines)


def _ratios(baseline: str, ratios: Mapping[str, Mapping[str, Ratio]]) -> Table:
    table = Table(f"times that of {baseline} (95 % interval)", *(Column(name, justify="right") for name in ratios))
    for key in dict.fromkeys(key for each in ratios.values() for key in each):
        table.add_row(key, *(cell(each.get(key)) for each in ratios.values()))
    return table
