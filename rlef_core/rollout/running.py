"""Run a job so that leaving the block ends it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from rlef_core.records import Completed, Job
from rlef_core.roles import Executor


@asynccontextmanager
async def running(executor: Executor, job: Job) -> AsyncIterator[AsyncIterator[Completed]]:
    """What the executor yields for the job; closed at the end, which stops the rest. A plain iterator has nothing to close."""
    run = executor.run(job)
    try:
        yield run
    finally:
        close = getattr(run, "aclose", None)
        if close is not None:
            await close()
