"""Judge a program: run it on cases in the sandbox and compare its answers outside."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext

from attrs import frozen

from rlef_core.errors import ExecutorFault, Origin, RlefError, boundary
from rlef_core.records import (
    Case,
    CheckerRef,
    Completed,
    Execution,
    Job,
    Judgement,
    Language,
    LimitHit,
    Limits,
    Program,
    ScriptCase,
    Verdict,
)
from rlef_core.roles import Checker, Executor
from rlef_core.rollout.jobs import Part, parts_for, script_token
from rlef_core.rollout.running import running

KEPT_BYTES = 16_000
"""How much of a program's output (its head) and of its standard error (its tail) a judgement keeps."""

_LIMIT_VERDICTS = {
    LimitHit.MEMORY: Verdict.MEMORY_LIMIT,
    LimitHit.TIME: Verdict.TIME_LIMIT,
    LimitHit.WALL: Verdict.TIME_LIMIT,
    LimitHit.OUTPUT: Verdict.OUTPUT_LIMIT,
}


class NoCasesError(RlefError, ValueError):
    """A program was to be judged on no cases, which no program may pass."""


@frozen
class Judge:
    """Judges programs. `checkers` gives the checker that a task names; `origin` names the executor in its failures."""

    executor: Executor
    checkers: Callable[[CheckerRef], Checker]
    languages: Mapping[str, Language]
    origin: Origin | None = None

    async def judge(
        self, program: Program, cases: Sequence[Case], limits: Limits, checker: CheckerRef, *, stop_at_first_failure: bool
    ) -> Execution:
        """The program's judgements on `cases`, in order: all, or up to the first failure; a failed build is the last.

        Raises NoCasesError without cases, PluginError for a language or checker that is not there, ExecutorFault when the sandbox
        failed or lost a case: with an `origin` a ComponentError that names it, which then stands for whatever the executor raises.
        """
        if not cases:
            raise NoCasesError("there are no cases to judge a program on: expected at least one, for no program may pass unseen")
        checks = self.checkers(checker)
        parts = parts_for(program, cases, limits, self.languages)
        judgements: list[Judgement] = []
        with self._named():
            for part in parts:
                judgements += await self._judged(part, checks, stop_at_first_failure)
                if _is_last(judgements[-1], stop_at_first_failure):
                    break
        return Execution(tuple(judgements))

    async def _judged(self, part: Part, checker: Checker, stop_at_first_failure: bool) -> list[Judgement]:
        judgements: list[Judgement] = []
        async with running(self.executor, part.job) as run:
            async for completed in run:
                if completed.case is None and completed.succeeded:
                    continue
                judgements.append(await self._judgement(completed, part, checker))
                if _is_last(judgements[-1], stop_at_first_failure):
                    return judgements
        if len(judgements) != len(part.cases):
            raise ExecutorFault(f"the executor completed {len(judgements)} of {len(part.cases)} cases")
        return judgements

    async def _judgement(self, completed: Completed, part: Part, checker: Checker) -> Judgement:
        case = part.cases[completed.case or 0]
        return Judgement(
            case=part.first + (completed.case or 0),
            verdict=await self._verdict(completed, case, checker),
            cpu_seconds=completed.cpu_seconds,
            wall_seconds=completed.wall_seconds,
            peak_memory_bytes=completed.peak_memory_bytes,
            exit_code=completed.exit_code,
            signal=completed.signal,
            output=completed.stdout[:KEPT_BYTES],
            error=completed.stderr[-KEPT_BYTES:],
            self_reported=isinstance(case, ScriptCase),
        )

    async def _verdict(self, completed: Completed, case: Case, checker: Checker) -> Verdict:
        """Compile error, memory, time, output, runtime error, wrong answer: the first that holds; right output saves no failed run."""
        if completed.case is None:
            return Verdict.COMPILE_ERROR
        if completed.limit is not None:
            return _LIMIT_VERDICTS[completed.limit]
        if completed.exit_code != 0:
            return Verdict.RUNTIME_ERROR
        if isinstance(case, ScriptCase):
            right = completed.stdout == script_token(case).encode()
        else:
            right = await checker.check(case, completed.stdout, self._run_trusted)
        return Verdict.ACCEPTED if right else Verdict.WRONG_ANSWER

    async def _run_trusted(self, job: Job) -> Sequence[Completed]:
        with self._named():
            return [completed async for completed in self.executor.run(job)]

    def _named(self) -> AbstractContextManager[None]:
        return boundary(self.origin, "run") if self.origin else nullcontext()


def _is_last(judgement: Judgement, stop_at_first_failure: bool) -> bool:
    return judgement.verdict is Verdict.COMPILE_ERROR or (stop_at_first_failure and not judgement.verdict.accepted)
