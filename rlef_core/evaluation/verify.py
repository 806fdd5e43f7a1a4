"""Check tasks before anything is learnt from them: every reference passes every case, every wrong program fails one."""

from collections.abc import AsyncGenerator, Iterable, Sequence

from attrs import frozen

from rlef_core.evaluation.abreast import abreast
from rlef_core.records import Execution, Program, Rejected, Task
from rlef_core.rollout.judge import Judge

TASKS_AHEAD = 4
"""Tasks taken up for each program that runs at once."""


@frozen
class Verification:
    """What was found of one row. `problems` is empty when all is right; `rejected` says why the row is no task."""

    id: str
    problems: tuple[str, ...] = ()
    rejected: str | None = None
    programs: int = 0


def verify(judge: Judge, tasks: Iterable[tuple[str, Task | Rejected]], workers: int) -> AsyncGenerator[Verification, None]:
    """One verification for each row, in order, a few at a time. Raises what the judge raises."""
    return abreast((_verification(judge, id, task) for id, task in tasks), TASKS_AHEAD * workers)


async def _verification(judge: Judge, id: str, task: Task | Rejected) -> Verification:
    if isinstance(task, Rejected):
        return Verification(id, rejected=task.reason)
    programs = [(f"wrong program {number}", source, False) for number, source in enumerate(task.wrong, start=1)]
    if task.reference is not None:
        programs.insert(0, ("the reference", task.reference, True))
    cases = (*task.problem.public_cases, *task.private_cases)
    problems = []
    for name, source, right in programs:
        program = Program(task.problem.language, source)
        execution = await judge.judge(program, cases, task.limits, task.checker, stop_at_first_failure=not right)
        if execution.accepted != right:
            problems.append(f"{name}: {_found(execution, task) if right else 'accepted on every case'}")
    return Verification(id, tuple(problems), programs=len(programs))


def _found(execution: Execution, task: Task) -> str:
    """The failing cases by number, each with its verdict."""
    public = len(task.problem.public_cases)
    failing = [each for each in execution.judgements if not each.verdict.accepted]
    return ", ".join(f"{_name(each.case, public)} {each.verdict.value}" for each in failing)


def _name(case: int, public: int) -> str:
    return f"public case {case + 1}" if case < public else f"private case {case + 1 - public}"


def summary(verifications: Sequence[Verification]) -> str:
    """One line of counts."""
    failed = sum(bool(each.problems) for each in verifications)
    rejected = sum(each.rejected is not None for each in verifications)
    programs = sum(each.programs for each in verifications)
    return f"{len(verifications) - rejected} tasks, {programs} programs run, {failed} tasks failed, {rejected} rows rejected"
