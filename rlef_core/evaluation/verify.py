"""Check tasks before anything is learnt from them: every reference passes every case, every wrong program fails one."""

from collections.abc import AsyncGenerator, Iterable, Sequence

from attrs import frozen

from rlef_core.evaluation.abreast import abreast
from rlef_core.evaluation.count import counted
from rlef_core.records import Execution, Program, Rejected, Task
from rlef_core.rollout.judge import Judge

TASKS_AHEAD = 4
"""Tasks taken up for each program that runs at once."""


@frozen
class Verification:
    """What was found of one row. `problems` is empty when all is right; `rejected` says why the row is no task,
    `reference` whether it has one, which was run."""

    id: str
    problems: tuple[str, ...] = ()
    rejected: str | None = None
    programs: int = 0
    reference: bool = False


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
    return Verification(id, tuple(problems), programs=len(programs), reference=task.reference is not None)


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
    tasks = len(verifications) - rejected
    without = tasks - sum(each.reference for each in verifications)
    counts = (counted(tasks, "task"), counted(programs, "program run"), counted(failed, "task failed"))
    return ", ".join((*counts, f"{without} without a reference", counted(rejected, "row rejected")))


def verified(verifications: Sequence[Verification]) -> bool:
    """Whether the tasks can be learnt from: a reference was run, no task failed, and every row is a task."""
    wrong = any(each.problems or each.rejected is not None for each in verifications)
    return not wrong and any(each.reference for each in verifications)
