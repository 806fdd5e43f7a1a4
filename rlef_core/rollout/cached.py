"""Remember what programs did, so that the same program on the same case runs once."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import AsyncExitStack

from attrs import evolve

from rlef_core.errors import ExecutorFault
from rlef_core.records import Completed, Job
from rlef_core.roles import Executor, MetricSink
from rlef_core.rollout.memory import Memory, Step, steps_of
from rlef_core.rollout.running import running


class Cached:
    """An executor that answers from memory where it can, and runs what equal jobs ask for at the same time once.

    Never kept: faults, time-outs, and runs near a limit of time, or of memory when that was hit. The least recently used results
    make room for new ones.
    """

    def __init__(self, executor: Executor, identity: str, most_bytes: int, metrics: MetricSink) -> None:
        self._executor = executor
        self._identity = identity
        self._metrics = metrics
        self._memory = Memory(most_bytes)
        self._flights: dict[bytes, asyncio.Future[Completed]] = {}

    async def run(self, job: Job) -> AsyncIterator[Completed]:
        """As the executor's."""
        steps = steps_of(job, self._identity)
        claims: set[bytes] = set()
        batch: AsyncGenerator[Completed, None] | None = None
        async with AsyncExitStack() as stack:
            stack.callback(self._abandon, claims)
            for position, step in enumerate(steps):
                completed = await self._known(step.key, claims)
                if step.case is not None:
                    self._metrics.add("executor/cache_hit_rate", float(completed is not None))
                if completed is None and batch is not None and step.key in claims:
                    completed = await _next(batch)
                elif completed is None:
                    # At first everything that is left; later only what another job gave up, lest two jobs wait for each other.
                    run = self._produce(job, self._claim([step] if batch else steps[position:], claims), claims)
                    stack.push_async_callback(run.aclose)
                    batch = batch or run
                    completed = await _next(run)
                yield evolve(completed, case=step.case)
                if step.case is None and not completed.succeeded:
                    return

    async def close(self) -> None:
        await self._executor.close()

    async def _known(self, key: bytes, claims: set[bytes]) -> Completed | None:
        """What is remembered or what another job is about to know; None when this job has to run it."""
        while (kept := self._memory.get(key)) is None and key in self._flights and key not in claims:
            flight = self._flights[key]
            await asyncio.wait([flight])  # a plain await would cancel it together with this job
            if not flight.cancelled():
                return flight.result()
        return kept

    def _claim(self, steps: Sequence[Step], claims: set[bytes]) -> list[Step]:
        """The steps that nobody has run or is running; others will wait for them."""
        claimed = []
        for step in steps:
            if step.key not in self._flights and self._memory.get(step.key) is None:
                self._flights[step.key] = asyncio.get_running_loop().create_future()
                claims.add(step.key)
                claimed.append(step)
        return claimed

    async def _produce(self, job: Job, steps: Sequence[Step], claims: set[bytes]) -> AsyncGenerator[Completed, None]:
        """Run the claimed steps, and yield and tell what became of each."""
        cases = [(step, job.cases[step.case]) for step in steps if step.case is not None]
        async with running(self._executor, evolve(job, cases=tuple(case for _, case in cases))) as run:
            async for completed in run:
                step = steps[0] if completed.case is None else cases[completed.case][0]
                if completed.case is None and step.case is not None:
                    # The build was known before, and is needed again for the cases.
                    if not completed.succeeded:
                        raise ExecutorFault("a program that was built before could not be built again")
                    continue
                self._memory.put(step.key, completed, job.limits)
                claims.discard(step.key)
                self._flights.pop(step.key).set_result(completed)
                yield completed

    def _abandon(self, claims: set[bytes]) -> None:
        for key in claims:
            self._flights.pop(key).cancel()


async def _next(run: AsyncGenerator[Completed, None]) -> Completed:
    try:
        return await anext(run)
    except StopAsyncIteration:
        raise ExecutorFault("the executor ended before it had completed every case") from None
