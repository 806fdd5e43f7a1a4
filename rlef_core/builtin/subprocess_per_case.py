"""What most people start with: a fresh Python for every case, with pipes. To measure executors beside, not to be chosen."""

import asyncio
import subprocess
import time
from collections.abc import AsyncIterator
from pathlib import Path
from subprocess import PIPE
from tempfile import TemporaryDirectory

from attrs import frozen

from rlef_core import CaseInput, CaseKind, Completed, Component, Context, Executor, ExecutorFault, Job, LimitHit, component
from rlef_core.sandbox import requests, tools


@frozen
class SubprocessPerCaseConfig:
    """Nothing to set."""


class SubprocessPerCase:
    """`python -I -S` for every case, its streams through pipes; no isolation, and wall time as its only limit.

    The limit of CPU time is one of wall time here, as it is wherever programs are run like this. CPU time and memory are not measured.
    """

    async def run(self, job: Job) -> AsyncIterator[Completed]:
        python = tools.paths(job.language.tools[0])[0]
        with TemporaryDirectory(prefix="rlef-core-programs-") as folder:
            program = f"{folder}/{job.language.source_name}"
            await asyncio.to_thread(Path(program).write_text, job.source, encoding="utf-8", errors="surrogatepass")
            for index, case in enumerate(job.cases):
                yield await asyncio.to_thread(_completed, index, case, (python, "-I", "-S", program), job.limits.cpu_seconds)

    async def close(self) -> None:
        pass


def _completed(index: int, case: CaseInput, argv: tuple[str, ...], seconds: float) -> Completed:
    if case.kind is not CaseKind.PROGRAM or case.files or case.output_file:
        raise ExecutorFault(f"case {index} is more than a program on its streams, which is all that this baseline runs")
    started, limit = time.perf_counter(), None
    with subprocess.Popen(argv, stdin=PIPE, stdout=PIPE, stderr=PIPE, env=dict(requests.FIXED_ENVIRONMENT)) as process:
        try:
            stdout, stderr = process.communicate(case.stdin, seconds)
        except subprocess.TimeoutExpired:
            limit = LimitHit.TIME
            process.kill()
            stdout, stderr = process.communicate()
    code, signal = (process.returncode, None) if process.returncode >= 0 else (None, -process.returncode)
    return Completed(index, code, signal, stdout, stderr, 0.0, time.perf_counter() - started, 0, limit)


def build(config: SubprocessPerCaseConfig, context: Context) -> Executor:
    """The baseline."""
    return SubprocessPerCase()


COMPONENT: Component[Executor] = component(
    name="subprocess-per-case",
    summary="a plain Python process for every case, without isolation or limits of its own",
    config=SubprocessPerCaseConfig,
    build=build,
    example=SubprocessPerCaseConfig,
)
