"""Judge a program: run it on cases in the sandbox and compare its answers outside."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from attrs import evolve, frozen

from rlef_core.errors import ExecutorFault, Origin, PluginError, RlefError, boundary
from rlef_core.misses import did_you_mean
from rlef_core.records import (
    CallCase,
    Case,
    CaseInput,
    CaseKind,
    CheckerRef,
    Completed,
    Execution,
    FileCase,
    Job,
    Judgement,
    Language,
    LimitHit,
    Limits,
    Program,
    ScriptCase,
    StdioCase,
    Verdict,
    encode_value,
)
from rlef_core.roles import Checker, Executor
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
        """The program's judgements on `cases`, in order: all, or up to the first failure; one only if it could not be built.

        Raises NoCasesError without cases, PluginError for a language or checker that is not there, ExecutorFault when the sandbox
        failed or lost a case: with an `origin` a ComponentError that names it, which then stands for whatever the executor raises.
        """
        if not cases:
            raise NoCasesError("there are no cases to judge a program on: expected at least one, for no program may pass unseen")
        checks = self.checkers(checker)
        job = job_for(program, cases, limits, self.languages)
        with self._named():
            return await self._execution(job, cases, checks, stop_at_first_failure)

    async def _execution(self, job: Job, cases: Sequence[Case], checker: Checker, stop_at_first_failure: bool) -> Execution:
        judgements: list[Judgement] = []
        async with running(self.executor, job) as run:
            async for completed in run:
                if completed.case is None and completed.succeeded:
                    continue
                judgements.append(await self._judgement(completed, cases, checker))
                if completed.case is None or (stop_at_first_failure and not judgements[-1].verdict.accepted):
                    return Execution(tuple(judgements))
        if len(judgements) != len(cases):
            raise ExecutorFault(f"the executor completed {len(judgements)} of {len(cases)} cases")
        return Execution(tuple(judgements))

    async def _judgement(self, completed: Completed, cases: Sequence[Case], checker: Checker) -> Judgement:
        case = cases[completed.case or 0]
        return Judgement(
            case=completed.case or 0,
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


def job_for(program: Program, cases: Sequence[Case], limits: Limits, languages: Mapping[str, Language]) -> Job:
    """What the sandbox is asked for: inputs without expected outputs, and time as the language needs it. Raises PluginError."""
    language = _known(program.language, languages)
    factor = language.time_factor
    scaled = evolve(limits, cpu_seconds=limits.cpu_seconds * factor, wall_seconds=limits.wall_seconds * factor)
    return Job(language, program.source, tuple(map(_input, cases)), scaled)


def script_token(case: ScriptCase) -> str:
    """What a script's driver writes when every assertion held; no program can write it by chance."""
    return hashlib.sha256(b"rlef-core script\0" + case.code.encode()).hexdigest()


def _known(name: str, languages: Mapping[str, Language]) -> Language:
    if name not in languages:
        known = ", ".join(sorted(languages))
        raise PluginError(f"no plugin offers language {name!r}, expected one of {known}{did_you_mean(name, languages)}")
    return languages[name]


def _input(case: Case) -> CaseInput:
    match case:
        case StdioCase():
            return CaseInput(stdin=_bytes(case.input))
        case CallCase():
            request: dict[str, Any] = {"function": case.function, "arguments": list(case.arguments), "setup": case.setup}
            return CaseInput(CaseKind.CALL, encode_value(request))
        case ScriptCase():
            return CaseInput(CaseKind.SCRIPT, encode_value({"code": case.code, "token": script_token(case)}))
        case FileCase(input_file=""):
            return CaseInput(stdin=_bytes(case.input), output_file=case.output_file)
        case FileCase():
            return CaseInput(files={case.input_file: _bytes(case.input)}, output_file=case.output_file)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
