"""Repeat what a sandbox lost, and only that."""

from collections.abc import AsyncIterator

from attrs import evolve

from rlef_core.errors import ExecutorFault
from rlef_core.records import Completed, Job
from rlef_core.roles import Executor, MetricSink
from rlef_core.rollout.running import running


class Retrying:
    """An executor that runs the cases which a fault left over again, up to `retries` times without one more case completed."""

    def __init__(self, executor: Executor, retries: int, metrics: MetricSink) -> None:
        self._executor = executor
        self._retries = retries
        self._metrics = metrics

    async def run(self, job: Job) -> AsyncIterator[Completed]:
        """As the executor's. Raises its last ExecutorFault when the repeats are used up."""
        done, built, left = 0, False, self._retries
        while True:
            try:
                async with running(self._executor, evolve(job, cases=job.cases[done:])) as run:
                    async for completed in run:
                        if completed.case is not None:
                            yield evolve(completed, case=done)
                            done, left = done + 1, self._retries
                        elif not built:
                            built = True
                            yield completed
                        elif not completed.succeeded:
                            raise ExecutorFault("a program that was built before could not be built again")
                return
            except ExecutorFault:
                if not left:
                    raise
                left -= 1
                self._metrics.add("executor/retries", 1.0)

    async def close(self) -> None:
        await self._executor.close()
