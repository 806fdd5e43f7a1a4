"""Judge many programs from a file of JSON lines, in its order and in bounded memory."""

from collections.abc import AsyncGenerator, Iterable
from typing import Any

from attrs import frozen

from rlef_core.errors import ComponentError, ExitCode, RlefError
from rlef_core.evaluation.abreast import abreast
from rlef_core.records import Case, CheckerRef, DataError, Execution, Judgement, Limits, Program, case_from_json
from rlef_core.records.lines import json_of
from rlef_core.records.rows import checker_from_json, limits_from_json, only_known
from rlef_core.rollout.judge import Judge

FIELDS = ("id", "language", "source", "cases", "checker", "limits")
LINES_AHEAD = 4
"""Lines read for each program that runs at once, so that a slow program does not leave the others idle."""


@frozen
class Submission:
    """A program to judge."""

    id: Any
    program: Program
    cases: tuple[Case, ...]
    checker: CheckerRef
    limits: Limits


@frozen
class Report:
    """What became of one line: an execution, or the `fault` that kept it from having one, with the exit code that it stands for."""

    id: Any
    execution: Execution | None = None
    fault: str | None = None
    code: ExitCode = ExitCode.OK

    def to_json(self) -> dict[str, Any]:
        judgements = self.execution.judgements if self.execution else ()
        verdict = self.execution.verdict.value if self.execution else None
        return {"id": self.id, "verdict": verdict, "judgements": [_figures(each) for each in judgements], "fault": self.fault}


def judge_lines(judge: Judge, lines: Iterable[str], checker: CheckerRef, limits: Limits, workers: int) -> AsyncGenerator[Report, None]:
    """One report for each line that is not blank, in order; `checker` and `limits` hold where a line names none.

    A line that is no submission, or whose program cannot be judged, is reported as a fault that names the line.
    """
    numbered = enumerate(lines, start=1)
    return abreast((_report(judge, number, line, checker, limits) for number, line in numbered if line.strip()), LINES_AHEAD * workers)


def submission(record: Any, checker: CheckerRef, limits: Limits, languages: Iterable[str]) -> Submission:
    """The submission that a JSON object tells. Raises DataError that says what is wrong."""
    if not isinstance(record, dict):
        raise DataError(f"found {record!r:.60}, expected an object with {', '.join(FIELDS[:4])}")
    only_known(record, FIELDS)
    if lacking := [key for key in FIELDS[:4] if key not in record]:
        raise DataError(f"lacks {lacking[0]!r}")
    for key, type_, word in (("language", str, "text"), ("source", str, "text"), ("cases", list, "a list")):
        if not isinstance(record[key], type_):
            raise DataError(f"{key!r} is {record[key]!r:.60}, expected {word}")
    if record["language"] not in languages:
        raise DataError(f"'language' is {record['language']!r}, expected one of the installed: {', '.join(sorted(languages))}")
    if not record["cases"]:
        raise DataError("'cases' is empty, expected at least one: no program may pass unseen")
    return Submission(
        record["id"],
        Program(record["language"], record["source"]),
        tuple(map(case_from_json, record["cases"])),
        checker_from_json(record["checker"]) if "checker" in record else checker,
        limits_from_json(record.get("limits", {}), limits),
    )


async def _report(judge: Judge, number: int, line: str, checker: CheckerRef, limits: Limits) -> Report:
    record: Any = None
    try:
        record = json_of(line)
        wanted = submission(record, checker, limits, judge.languages)
        execution = await judge.judge(wanted.program, wanted.cases, wanted.limits, wanted.checker, stop_at_first_failure=False)
    except (RlefError, ValueError, RecursionError) as error:
        id = record.get("id") if isinstance(record, dict) else None
        return Report(id, fault=f"line {number}: {error}", code=_code(error))
    return Report(wanted.id, execution)


def _code(error: Exception) -> ExitCode:
    """A component that failed is one thing; a line that is no submission, or asks for what is not there, another."""
    failed = isinstance(error, ComponentError) and error.exit_code is ExitCode.COMPONENT
    return ExitCode.COMPONENT if failed else ExitCode.SPEC


def _figures(judgement: Judgement) -> dict[str, Any]:
    figures = {
        "verdict": judgement.verdict.value,
        "cpu_seconds": round(judgement.cpu_seconds, 6),
        "wall_seconds": round(judgement.wall_seconds, 6),
        "peak_memory_bytes": judgement.peak_memory_bytes,
    }
    return {**figures, "self_reported": True} if judgement.self_reported else figures
