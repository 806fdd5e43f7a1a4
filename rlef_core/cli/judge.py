"""`rlef-core judge`: run one program, or a file of them, on cases and print the verdicts."""

import asyncio
import json
import os
from collections.abc import Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Column, Table

from rlef_core.cli.loading import load_plugins
from rlef_core.cli.options import json_option, no_plugin_option
from rlef_core.cli.progress import shown, tell
from rlef_core.errors import ExitCode, UsageError
from rlef_core.evaluation.count import Count
from rlef_core.evaluation.judging import open_judge
from rlef_core.evaluation.submissions import Report, judge_lines
from rlef_core.records import Case, CheckerRef, DataError, Limits, Program, case_from_json
from rlef_core.records.lines import filled, json_of
from rlef_core.records.rows import amount
from rlef_core.registry import Registry
from rlef_core.settings import ByteSize

WALL_PER_CPU = 6.0
"""Wall time allowed unless given, as a multiple of a CPU time that was: it only catches sleepers."""


class _Limit(click.ParamType[float]):
    """The value of a limit, named like its field of Limits: seconds, or bytes as `512MB` or `4096`."""

    def __init__(self, limit: str) -> None:
        self.limit = limit
        self.name = limit.rpartition("_")[2]

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        try:
            return amount(self.limit, _number(value) if self.name == "seconds" else value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


@click.command()
@click.argument("program", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--language", help="The language of PROGRAM.")
@click.option("--cases", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="A file of cases, one JSON object a line.")
@click.option(
    "--batch",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Judge the programs of a file instead; a line holds id, language, source, cases, and checker or limits of its own.",
)
@click.option("--use", "executor", metavar="EXECUTOR", help="The executor; unless given, the one installed that isolates programs.")
@click.option("--checker", default="tokens", show_default=True, help="What compares outputs.")
@click.option("--cpu-seconds", type=_Limit("cpu_seconds"), help="CPU time a case may take.")
@click.option("--wall-seconds", type=_Limit("wall_seconds"), help="Wall time a case may take.")
@click.option("--memory-bytes", type=_Limit("memory_bytes"), help="Memory a case may use, such as 512MB.")
@click.option("--workers", type=click.IntRange(1), help="Programs that run at once; one a core unless given.")
@no_plugin_option
@json_option
def command(
    program: Path | None,
    language: str | None,
    cases: Path | None,
    batch: Path | None,
    executor: str | None,
    checker: str,
    cpu_seconds: float | None,
    wall_seconds: float | None,
    memory_bytes: ByteSize | None,
    workers: int | None,
    no_plugin: Sequence[str],
    as_json: bool,
) -> None:
    """Run PROGRAM on cases and print the verdicts.

    A line of the file of cases is {"input": "...", "output": "..."}, or an object with "kind" call, file or script.
    Exit code 0 when every case is accepted, 1 when not.

    With --batch: one JSON line for each line of the file, in its order. Exit code 0 when each has its answer, whatever the
    verdicts; 4 when the sandbox or a checker failed under one; else 2 when one could not be judged: no submission, no
    cases, an unknown language.
    """
    limits = _limits(cpu_seconds, wall_seconds, memory_bytes)
    if (program is None) == (batch is None):
        raise UsageError("found " + ("both" if program else "neither") + " of PROGRAM and --batch, expected one of them")
    if batch is not None:
        if language or cases or not as_json:
            raise UsageError("--batch takes no --language and no --cases, which its lines hold, and needs --json")
        registry = load_plugins(no_plugin)
        raise click.exceptions.Exit(asyncio.run(_batch(registry, batch, executor, CheckerRef(checker), limits, workers)))
    if program is None or language is None or cases is None:
        lacking = [name for name, value in (("--language", language), ("--cases", cases)) if value is None]
        raise UsageError(f"PROGRAM needs {' and '.join(lacking)}")
    registry = load_plugins(no_plugin)
    registry.language(language)
    source = Program(language, program.read_bytes().decode("utf-8", "surrogateescape"))
    report = asyncio.run(_single(registry, source, _read_cases(cases), executor, CheckerRef(checker), limits, workers))
    _show(report, as_json)
    if report.execution is None or not report.execution.accepted:
        raise click.exceptions.Exit(ExitCode.NO)


async def _single(
    registry: Registry,
    program: Program,
    cases: Sequence[Case],
    executor: str | None,
    checker: CheckerRef,
    limits: Limits,
    workers: int | None,
) -> Report:
    async with open_judge(registry, executor, workers=workers, say=_note) as judge:
        return Report(None, await judge.judge(program, cases, limits, checker, stop_at_first_failure=False))


async def _batch(
    registry: Registry, file: Path, executor: str | None, checker: CheckerRef, limits: Limits, workers: int | None
) -> ExitCode:
    at_once = workers or len(os.sched_getaffinity(0))
    count = Count("judging", _lines(file), unit="lines")
    code = ExitCode.OK
    with shown() as session, file.open(encoding="utf-8", errors="surrogateescape") as lines:
        session.watch(count)
        opened = open_judge(registry, executor, workers=at_once, say=lambda line: session.say(f"note: {line}"))
        async with opened as judge, aclosing(judge_lines(judge, lines, checker, limits, at_once)) as reports:
            async for report in reports:
                tell(json.dumps(report.to_json()))
                count.add(programs=report.execution is not None, failed=report.execution is None)
                code = max(code, report.code)
    if not count.done:
        raise UsageError(f"{str(file)!r} holds no submissions, expected at least one, a JSON object a line")
    return code


def _note(line: str) -> None:
    click.echo(f"note: {line}", err=True)


def _lines(file: Path) -> int:
    """How many lines are to be answered; 0 for a pipe, which can be read but once."""
    if not file.is_file():
        return 0
    with file.open("rb") as lines:
        return sum(1 for line in lines if line.strip())


def _limits(cpu_seconds: float | None, wall_seconds: float | None, memory_bytes: ByteSize | None) -> Limits:
    usual = Limits()
    cpu = cpu_seconds or usual.cpu_seconds
    return Limits(cpu, wall_seconds or max(usual.wall_seconds, WALL_PER_CPU * cpu), memory_bytes or usual.memory_bytes)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise ValueError(f"found {text!r}, expected a number of seconds") from error


def _read_cases(file: Path) -> list[Case]:
    cases = []
    with file.open("rb") as lines:
        for number, line in filled(lines):
            try:
                cases.append(case_from_json(json_of(line)))
            except DataError as error:
                raise UsageError(f"{file}:{number}: {error}") from error
    if not cases:
        raise UsageError(f"{file} holds no cases, expected at least one: no program may pass unseen")
    return cases


def _show(report: Report, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({key: value for key, value in report.to_json().items() if key != "id"}))
        return
    assert report.execution is not None
    table = Table("case", Column("verdict", no_wrap=True), "CPU s", "wall s", "memory MB", "error")
    for each in report.execution.judgements:
        error = each.error.decode("utf-8", "backslashreplace").strip().rpartition("\n")[2]
        figures = (f"{each.cpu_seconds:.3f}", f"{each.wall_seconds:.3f}", f"{each.peak_memory_bytes / 1e6:.0f}")
        verdict = f"{each.verdict.value} (self-reported)" if each.self_reported else each.verdict.value
        table.add_row(str(each.case + 1), verdict, *figures, error)
    console = Console(highlight=False, markup=False)
    console.print(table)
    console.print(report.execution.verdict.value)
