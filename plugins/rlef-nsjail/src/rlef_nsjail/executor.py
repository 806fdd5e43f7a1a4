"""Run jobs in a pool of jails, one case at a time in each."""

import logging
import os
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import ExitStack
from typing import Any, TypeVar

from attrs import evolve, frozen

from rlef_core import CaseInput, Completed, ExecutorFault, Job, LimitHit, Limits, MetricSink, RlefError
from rlef_core.sandbox import Request, completed, memory_file, requests
from rlef_nsjail.design import FILE_MEGABYTES, MEGABYTE, PROCESSES, SCRATCH
from rlef_nsjail.harness.watch import LEAST_SHARE
from rlef_nsjail.kinds import Kind, Kinds
from rlef_nsjail.pool import Pool
from rlef_nsjail.rewording import case_request, compile_request
from rlef_nsjail.turns import Turns
from rlef_nsjail.verify import UnsafeJailError

log = logging.getLogger(__name__)

PATIENCE_SECONDS = 60.0
MOST_OUTPUT_BYTES = FILE_MEGABYTES * MEGABYTE
ReadT = TypeVar("ReadT")
COMPILED_ONCE_BYTES = 4000
"""From so much source to be compiled again on, a process of its own that compiles it once costs less than it saves."""
STDIN_PATH = "/dev/stdin"
"""A program that names it finds a copy of its input there; without /proc the path cannot lead to its open file."""


@frozen
class Prepared:
    """What all cases of one job share: open files with the program's source, what was built of it, and its code."""

    source: int
    built: int | None = None
    compiled: int | None = None


class NsjailExecutor:
    """See the plugin's README. Starts its first jail with the first job."""

    def __init__(
        self, pool: Pool, kinds: Kinds, turns: Turns, *, recheck: float, retries: int, environment: Mapping[str, str], metrics: MetricSink
    ) -> None:
        self._pool = pool
        self._kinds = kinds
        self._turns = turns
        self._recheck = recheck
        self._retries = retries
        self._environment = environment
        self._metrics = metrics

    async def run(self, job: Job) -> AsyncIterator[Completed]:
        """See roles.Executor."""
        _check(job.limits)
        kind = await self._kinds.of(job.language)
        with ExitStack() as stack:
            source = job.source.encode("utf-8", "surrogatepass")
            prepared = Prepared(stack.enter_context(memory_file(source, sealed=True)))
            if job.language.build:
                seen, built = await self._build(job, kind)
                yield seen
                if not seen.succeeded:
                    return
                prepared = evolve(prepared, built=stack.enter_context(memory_file(built, sealed=True)))
            elif kind.design.forks and _pays(job, source) and (code := await self._compiled(job, kind, prepared)):
                prepared = evolve(prepared, compiled=stack.enter_context(memory_file(code, sealed=True)))
            for index, case in enumerate(job.cases):
                yield await self._case(index, job, case, kind, prepared)

    async def close(self) -> None:
        """End every jail, also one that runs a program: its job raises ExecutorFault."""
        await self._pool.close()

    async def _build(self, job: Job, kind: Kind) -> tuple[Completed, bytes]:
        """What became of it and what it made: taken out of the jail's file, whose memory is charged to the jail while it is open."""
        request = requests.build(job, kind.places, self._environment)
        words = case_request(request, names=list(request.files), variables=kind.design.variables, filter="", grace=1.0)
        with ExitStack() as stack:
            files = [stack.enter_context(memory_file(content, sealed=True)) for content in request.files.values()]
            built = stack.enter_context(memory_file())
            seen = await self._attempts(None, request, words, kind, [*files, built])
            return seen, _content(built)

    async def _compiled(self, job: Job, kind: Kind, prepared: Prepared) -> bytes:
        """The program's code, taken out of the jail's file as above; empty where it does not compile, which its run will tell."""
        request = requests.case(job, CaseInput(), kind.places, self._environment)
        words = compile_request(request.limits, job.language.source_name)

        def code(answer: Mapping[str, Any], stdout: int, _: int) -> bytes:
            return _content(stdout) if answer["status"] == 0 and answer["peak_memory_bytes"] <= request.limits["memory_bytes"] else b""

        async with self._turns.one():
            return await self._asked(kind, words, b"", [prepared.source], code)

    async def _case(self, index: int, job: Job, case: CaseInput, kind: Kind, prepared: Prepared) -> Completed:
        request = requests.case(job, case, kind.places, self._environment)
        language, forks = job.language, kind.design.forks
        driver = case.kind.value if case.kind.value in language.drivers else ""
        own = {name: content for name, content in request.files.items() if not (name == language.source_name and not language.build)}
        if forks and driver:
            own.pop(language.driver_name)
        with ExitStack() as stack:
            files = [stack.enter_context(memory_file(content, sealed=True)) for content in own.values()]
            names = [*own]
            if not language.build:
                names, files = [*names, language.source_name], [*files, prepared.source]
            files += [file for file in (prepared.built, prepared.compiled) if file is not None]
            words = case_request(
                request,
                names=names,
                variables=None if forks else kind.design.variables,
                driver=driver,
                program=language.source_name,
                built=prepared.built is not None,
                compiled=prepared.compiled is not None,
                stdin_file=STDIN_PATH in job.source,
                filter="" if kind.design.multiprocess else "fork" if forks else "exec",
                grace=self._recheck,
            )
            return await self._attempts(index, request, words, kind, files)

    async def _attempts(self, case: int | None, request: Request, words: Mapping[str, Any], kind: Kind, files: Sequence[int]) -> Completed:
        """What became of it; a time-out near the limit counts when it comes again with nothing else running."""
        async with self._turns.one():
            seen, ended = await self._once(case, request, words, kind, files)
        if seen.limit is not LimitHit.TIME or ended or case is None or self._recheck <= 1:
            return seen
        self._metrics.add("executor/rechecks", 1.0)
        async with self._turns.alone():
            return (await self._once(case, request, words, kind, files))[0]

    async def _once(
        self, case: int | None, request: Request, words: Mapping[str, Any], kind: Kind, files: Sequence[int]
    ) -> tuple[Completed, bool]:
        """What became of it, and whether it was ended at its time limit rather than had come to an end by itself."""

        def seen(answer: Mapping[str, Any], stdout: int, stderr: int) -> tuple[Completed, bool]:
            return completed(case, answer, request.limits, (stdout, stderr), SCRATCH), answer["limit"] == "time"

        return await self._asked(kind, words, request.stdin, files, seen)

    async def _asked(
        self, kind: Kind, words: Mapping[str, Any], stdin: bytes, files: Sequence[int], read: Callable[[Mapping[str, Any], int, int], ReadT]
    ) -> ReadT:
        """What `read` makes of the harness's answer, standard output and standard error.

        A jail that is lost is replaced once or more, with streams that nothing in the lost one has open; raises ExecutorFault when that
        does not help.
        """
        for left in reversed(range(self._retries + 1)):
            try:
                with memory_file(stdin, sealed=True) as given, memory_file() as stdout, memory_file() as stderr:
                    async with self._pool.jail(kind.design) as jail:
                        answer = await jail.ask(words, [given, stdout, stderr, *files], _patience(words["limits"]))
                    return read(answer, stdout, stderr)
            except UnsafeJailError:
                raise
            except ExecutorFault as fault:
                if not left:
                    raise
                self._metrics.add("executor/jails_lost", 1.0)
                log.warning("a jail was lost, the program runs again in another: %s", fault)
        raise AssertionError("unreachable")


def _content(file: int) -> bytes:
    return os.pread(file, os.fstat(file).st_size, 0)


def _pays(job: Job, source: bytes) -> bool:
    return (len(job.cases) - 1) * len(source) > COMPILED_ONCE_BYTES


def _check(limits: Limits) -> None:
    """Raise RlefError for limits that no jail can give."""
    if limits.output_bytes >= MOST_OUTPUT_BYTES:
        raise RlefError(f"output_bytes is {limits.output_bytes}, expected less than {MOST_OUTPUT_BYTES}: lower the task's limit")
    if limits.processes >= PROCESSES:
        raise RlefError(f"processes is {limits.processes}, expected less than {PROCESSES}: lower the task's limit")


def _patience(limits: Mapping[str, Any]) -> float:
    """How long the harness may take: a program that always gets a little of a CPU is ended by its CPU time."""
    return float(limits["wall_seconds"] + limits["cpu_seconds"] / LEAST_SHARE + PATIENCE_SECONDS)
