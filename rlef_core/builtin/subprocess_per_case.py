"""What most people start with: a fresh Python for every case, with pipes. To measure executors beside, not to be chosen."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from tempfile import TemporaryDirectory

from attrs import frozen

from rlef_core import Completed, Component, Context, Executor, Job, component
from rlef_core.sandbox import requests, tools
from rlef_core.sandbox.piped import piped


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
                argv = (python, "-I", "-S", program)
                yield await asyncio.to_thread(piped, index, case, argv, job.limits.cpu_seconds, requests.FIXED_ENVIRONMENT)

    async def close(self) -> None:
        pass


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
