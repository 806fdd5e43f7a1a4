"""Measure one executor: how soon it answers, how much it does in a while and at what cost, and whether its verdicts hold under load."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import aclosing, asynccontextmanager

from attrs import Factory, define, frozen

from rlef_core.bench.participants import Participant
from rlef_core.bench.tree import cpu_seconds
from rlef_core.errors import ExecutorFault, boundary
from rlef_core.records import CaseInput, Job, Language, Limits
from rlef_core.roles import Executor


@frozen
class Question:
    """A job and its right outputs, one a case."""

    job: Job
    outputs: tuple[bytes, ...]


@define
class Window:
    """What was done in a while: seconds each program took, CPU seconds of the whole tree of processes, programs not accepted, lost ones."""

    cases: int
    latencies: list[float] = Factory(list)
    wall_seconds: float = 0.0
    cpu_seconds: float = 0.0
    false_verdicts: int = 0
    faults: int = 0


def question(language: Language, source: str, inputs: Sequence[bytes], outputs: Sequence[bytes], limits: Limits | None = None) -> Question:
    """Run a program on inputs and expect these outputs."""
    cases = tuple(CaseInput(stdin=text) for text in inputs)
    return Question(Job(language, source, cases, limits or Limits()), tuple(outputs))


@asynccontextmanager
async def opened(participant: Participant, first: Question) -> AsyncIterator[tuple[Executor, float]]:
    """A new executor that has answered its first question, and the seconds that took from its build on; closed when the block ends."""
    started = time.perf_counter()
    async with participant.opened() as (executor, _):
        with boundary(participant.origin, "run"):
            await ask(executor, first)
        yield executor, time.perf_counter() - started


async def during(seconds: float, participant: Participant, executor: Executor, question: Question) -> Window:
    """Ask again and again for so many seconds, with all workers at once; programs that run at the end are awaited and count."""
    end = time.perf_counter() + seconds
    return await _window(iter(lambda: time.perf_counter() < end, False), participant, executor, question)


async def times(programs: int, participant: Participant, executor: Executor, question: Question) -> Window:
    """Ask so many times, with all workers at once."""
    return await _window(iter(range(programs)), participant, executor, question)


def workers_of(participant: Participant) -> int:
    """How many programs run at once."""
    return participant.setup.plan.threads.executor or len(os.sched_getaffinity(0))


async def ask(executor: Executor, question: Question) -> bool:
    """Whether every case is answered rightly, within the limits. Raises ExecutorFault like the executor."""
    right = 0
    async with aclosing(executor.run(question.job)) as outcomes:  # type: ignore[type-var]  # a role's iterator is a generator
        async for outcome in outcomes:
            if outcome.case is not None:
                right += outcome.succeeded and outcome.stdout == question.outputs[outcome.case]
    return right == len(question.outputs)


async def _window(turns: Iterator[object], participant: Participant, executor: Executor, question: Question) -> Window:
    window, workers = Window(len(question.outputs)), workers_of(participant)
    cpu, started = cpu_seconds(), time.perf_counter()
    with boundary(participant.origin, "run"):
        await asyncio.gather(*(_lane(turns, executor, question, window) for _ in range(workers)))
    window.wall_seconds = time.perf_counter() - started
    window.cpu_seconds = cpu_seconds() - cpu
    return window


async def _lane(turns: Iterator[object], executor: Executor, question: Question, window: Window) -> None:
    for _ in turns:
        started = time.perf_counter()
        try:
            window.false_verdicts += not await ask(executor, question)
        except ExecutorFault:
            window.faults += 1
        window.latencies.append(time.perf_counter() - started)
