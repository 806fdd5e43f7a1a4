"""Repeats after faults, and the memory of what was run."""

import asyncio
from collections.abc import AsyncIterator

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlef_core import CaseInput, Completed, ExecutorFault, Job, LimitHit, Limits
from rlef_core.builtin.python import LANGUAGE
from rlef_core.metrics import Meter
from rlef_core.rollout.assemble import assemble_executor
from rlef_core.rollout.cached import Cached
from rlef_core.rollout.memory import Memory
from rlef_core.rollout.retrying import Retrying

COMPILED = attrs.evolve(LANGUAGE, name="compiled", build=("{python}", "{source}"))


def job_of(*inputs: str, source: str = "pass", language=LANGUAGE, limits=Limits()) -> Job:
    return Job(language, source, tuple(CaseInput(stdin=text.encode()) for text in inputs), limits)


class Echo:
    """An executor whose programs write what they read; it faults when `faults` says so, and notes what it ran.

    Its builds end with `build_code`, or each with its own; `wall` is as `cpu` unless given.
    """

    def __init__(
        self, *faults: bool, cpu: float = 0.1, wall=None, memory: int = 1, limit: LimitHit | None = None, pause: float = 0.0, build_code=0
    ) -> None:
        self.faults = list(faults)
        self.cpu = cpu
        self.wall = cpu if wall is None else wall
        self.memory = memory
        self.limit = limit
        self.pause = pause
        self.build_codes = [build_code] if isinstance(build_code, int) else list(build_code)
        self.ran: list[bytes] = []
        self.builds = 0
        self.closed = 0

    async def run(self, job: Job) -> AsyncIterator[Completed]:
        try:
            if job.language.build:
                code = self.build_codes[min(self.builds, len(self.build_codes) - 1)]
                self.builds += 1
                yield self._completed(None, b"built", code)
                if code:
                    return
            for index, case in enumerate(job.cases):
                await asyncio.sleep(self.pause)
                if self.faults and self.faults.pop(0):
                    raise ExecutorFault("lost")
                self.ran.append(case.stdin)
                yield self._completed(index, case.stdin, 0)
        finally:
            self.closed += 1

    def _completed(self, case, output, code) -> Completed:
        return Completed(case, code, None, output, b"", self.cpu, self.wall, self.memory, self.limit)

    async def close(self) -> None:
        pass


async def outputs(executor, job):
    return [(each.case, each.stdout) async for each in executor.run(job)]


async def test_only_the_cases_that_a_fault_left_over_are_run_again():
    echo, meter = Echo(False, True, False, False), Meter()
    assert await outputs(Retrying(echo, 2, meter), job_of("a", "b", "c")) == [(0, b"a"), (1, b"b"), (2, b"c")]
    assert echo.ran == [b"a", b"b", b"c"]
    assert meter.drain() == {"executor/retries": 1.0}


async def test_the_last_fault_is_raised_when_the_repeats_are_used_up():
    echo = Echo(True, True, True)
    with pytest.raises(ExecutorFault, match="lost"):
        await outputs(Retrying(echo, 2, Meter()), job_of("a"))
    assert echo.closed == 3


async def test_a_build_is_yielded_once_though_it_is_repeated():
    echo = Echo(False, True, False)
    seen = await outputs(Retrying(echo, 1, Meter()), job_of("a", "b", language=COMPILED))
    assert seen == [(None, b"built"), (0, b"a"), (1, b"b")]
    assert echo.builds == 2


async def test_a_build_that_worked_and_fails_when_repeated_is_a_fault_and_no_answer():
    echo = Echo(False, True, build_code=(0, 1))
    run = Retrying(echo, 2, Meter()).run(job_of("a", "b", language=COMPILED))
    assert [(each.case, each.exit_code) for each in (await anext(run), await anext(run))] == [(None, 0), (0, 0)]
    with pytest.raises(ExecutorFault, match="could not be built again"):
        await anext(run)
    assert echo.builds == 3


async def test_a_build_that_fails_once_when_repeated_is_repeated_again():
    echo = Echo(False, True, False, build_code=(0, 1, 0))
    assert await outputs(Retrying(echo, 2, Meter()), job_of("a", "b", language=COMPILED)) == [(None, b"built"), (0, b"a"), (1, b"b")]


@given(st.lists(st.booleans(), max_size=12), st.integers(1, 5))
def test_whatever_is_lost_every_case_is_seen_once_in_order_or_a_fault_is_raised(faults, count):
    async def check() -> None:
        job = job_of(*map(str, range(count)))
        seen = []
        try:
            async for each in Retrying(Echo(*faults), 2, Meter()).run(job):
                seen += [(each.case, each.stdout)]
        except ExecutorFault:
            assert len(seen) < count
        else:
            assert len(seen) == count
        assert seen == [(number, str(number).encode()) for number in range(len(seen))]

    asyncio.run(check())


async def test_a_case_that_was_run_before_is_not_run_again():
    echo, meter = Echo(), Meter()
    cached = Cached(echo, "echo 1", 10_000, meter)
    assert await outputs(cached, job_of("a", "b")) == [(0, b"a"), (1, b"b")]
    assert await outputs(cached, job_of("b", "c", "a")) == [(0, b"b"), (1, b"c"), (2, b"a")]
    assert echo.ran == [b"a", b"b", b"c"]
    assert meter.drain() == {"executor/cache_hit_rate": 2 / 5}


@pytest.mark.parametrize(
    "changed",
    [
        job_of("a", source="pass "),
        job_of("a", limits=Limits(cpu_seconds=9.0)),
        job_of("a", language=attrs.evolve(LANGUAGE, name="other")),
        Job(LANGUAGE, "pass", (CaseInput(stdin=b"a", files={"f": b""}),)),
        Job(LANGUAGE, "pass", (CaseInput(stdin=b"a", output_file="f"),)),
    ],
)
async def test_whatever_else_decides_the_result_is_part_of_the_key(changed):
    echo = Echo()
    cached = Cached(echo, "echo 1", 10_000, Meter())
    for job in (job_of("a"), changed):
        await outputs(cached, job)
    assert echo.ran == [b"a", b"a"]


async def test_names_and_contents_of_files_are_told_apart():
    echo = Echo()
    cached = Cached(echo, "echo 1", 10_000, Meter())
    for files in ({"a": b"bc"}, {"ab": b"c"}, {"a": b"b", "c": b""}):
        await outputs(cached, Job(LANGUAGE, "", (CaseInput(files=files),)))
    assert len(echo.ran) == 3


@pytest.mark.parametrize(
    ("cpu", "limit", "kept"),
    [
        (0.1, None, True),
        (7.9, None, True),
        (8.1, None, False),
        (10.0, None, False),
        (10.0, LimitHit.TIME, False),
        (20.0, LimitHit.TIME, False),
        (0.0, LimitHit.WALL, False),
        (0.1, LimitHit.MEMORY, True),
        (0.1, LimitHit.OUTPUT, True),
    ],
)
async def test_a_result_that_may_change_is_not_kept(cpu, limit, kept):
    echo = Echo(cpu=cpu, limit=limit)
    cached = Cached(echo, "echo 1", 10_000, Meter())
    for _ in range(2):
        await outputs(cached, job_of("a", limits=Limits(cpu_seconds=10.0)))
    assert len(echo.ran) == (1 if kept else 2)


@pytest.mark.parametrize(
    ("seen", "kept"),
    [
        ({"wall": 39.0}, True),
        ({"wall": 41.0}, False),
        ({"wall": 49.0, "limit": LimitHit.OUTPUT}, False),
        ({"memory": 990}, True),
        ({"memory": 790, "limit": LimitHit.MEMORY}, True),
        ({"memory": 810, "limit": LimitHit.MEMORY}, False),
        ({"memory": 1240, "limit": LimitHit.MEMORY}, False),
        ({"memory": 1260, "limit": LimitHit.MEMORY}, True),
    ],
)
async def test_a_result_near_the_limit_of_wall_time_or_of_memory_is_not_kept(seen, kept):
    echo = Echo(**seen)
    cached = Cached(echo, "echo 1", 10_000, Meter())
    for _ in range(2):
        await outputs(cached, job_of("a", limits=Limits(cpu_seconds=10.0, wall_seconds=50.0, memory_bytes=1000)))
    assert len(echo.ran) == (1 if kept else 2)


async def test_a_fault_is_not_kept():
    echo = Echo(True, False)
    cached = Cached(echo, "echo 1", 10_000, Meter())
    with pytest.raises(ExecutorFault):
        await outputs(cached, job_of("a"))
    assert await outputs(cached, job_of("a")) == [(0, b"a")]


async def test_equal_jobs_at_the_same_time_are_run_once():
    echo, meter = Echo(pause=0.01), Meter()
    cached = Cached(echo, "echo 1", 10_000, meter)
    results = await asyncio.gather(*(outputs(cached, job_of("a", "b", "c")) for _ in range(5)))
    assert results == [[(0, b"a"), (1, b"b"), (2, b"c")]] * 5
    assert echo.ran == [b"a", b"b", b"c"]
    assert meter.drain() == {"executor/cache_hit_rate": 12 / 15}


async def test_a_time_out_is_shared_with_who_waits_for_it_but_not_kept():
    echo = Echo(pause=0.01, limit=LimitHit.TIME)
    cached = Cached(echo, "echo 1", 10_000, Meter())
    await asyncio.gather(*(outputs(cached, job_of("a")) for _ in range(3)))
    assert echo.ran == [b"a"]
    await outputs(cached, job_of("a"))
    assert echo.ran == [b"a", b"a"]


async def test_who_waits_for_a_job_that_is_given_up_runs_the_rest_himself():
    echo = Echo(pause=0.01)
    cached = Cached(echo, "echo 1", 10_000, Meter())
    first = cached.run(job_of("a", "b", "c"))
    await anext(first)
    second = asyncio.create_task(outputs(cached, job_of("a", "b", "c")))
    await asyncio.sleep(0.005)
    await first.aclose()
    assert await second == [(0, b"a"), (1, b"b"), (2, b"c")]
    assert (echo.ran, echo.closed) == ([b"a", b"b", b"c"], 2)


async def test_a_job_that_is_cancelled_while_it_waits_harms_nobody():
    echo = Echo(pause=0.02)
    cached = Cached(echo, "echo 1", 10_000, Meter())
    first = asyncio.create_task(outputs(cached, job_of("a", "b")))
    await asyncio.sleep(0.001)
    second = asyncio.create_task(outputs(cached, job_of("a", "b")))
    await asyncio.sleep(0.001)
    second.cancel()
    assert await first == [(0, b"a"), (1, b"b")]
    assert echo.ran == [b"a", b"b"]


async def test_a_build_is_remembered_like_a_case():
    echo, meter = Echo(), Meter()
    cached = Cached(echo, "echo 1", 10_000, meter)
    job = job_of("a", "b", language=COMPILED)
    for _ in range(2):
        assert await outputs(cached, job) == [(None, b"built"), (0, b"a"), (1, b"b")]
    assert echo.builds == 1
    meter.drain()
    assert await outputs(cached, job_of("a", "c", language=COMPILED)) == [(None, b"built"), (0, b"a"), (1, b"c")]
    assert echo.builds == 2
    assert meter.drain() == {"executor/cache_hit_rate": 1 / 2}, "of cases: the build does not count"


async def test_a_build_that_fails_is_remembered():
    echo = Echo(build_code=1)
    cached = Cached(echo, "echo 1", 10_000, Meter())
    for _ in range(2):
        assert await outputs(cached, job_of("a", language=COMPILED)) == [(None, b"built")]
    assert echo.builds == 1


async def test_equal_cases_of_one_job_are_run_once():
    echo = Echo()
    assert await outputs(Cached(echo, "", 10_000, Meter()), job_of("a", "a")) == [(0, b"a"), (1, b"a")]
    assert echo.ran == [b"a"]


async def test_equal_cases_of_one_job_that_time_out_are_all_told():
    echo = Echo(limit=LimitHit.TIME)
    assert await outputs(Cached(echo, "", 10_000, Meter()), job_of("a", "b", "a")) == [(0, b"a"), (1, b"b"), (2, b"a")]


@given(st.lists(st.lists(st.sampled_from("abcd"), min_size=1, max_size=4), min_size=1, max_size=6), st.integers(0, 3000))
def test_jobs_at_the_same_time_always_end_and_see_their_own_cases(jobs, most_bytes):
    async def check() -> None:
        cached = Cached(Echo(pause=0.0), "", most_bytes, Meter())
        results = await asyncio.wait_for(asyncio.gather(*(outputs(cached, job_of(*inputs)) for inputs in jobs)), 10)
        assert results == [[(index, text.encode()) for index, text in enumerate(inputs)] for inputs in jobs]

    asyncio.run(check())


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 3000)), max_size=40), st.integers(0, 10_000))
def test_the_memory_never_holds_more_than_its_bound(puts, most_bytes):
    memory = Memory(most_bytes)
    for key, size in puts:
        memory.put(bytes([key]), Completed(0, 0, None, b"x" * size, b"", 0.0, 0.0, 0), Limits())
        kept = [memory.get(bytes([number])) for number in range(10)]
        assert sum(len(each.stdout) for each in kept if each is not None) <= most_bytes


def test_the_least_recently_used_result_makes_room():
    memory = Memory(2 * 1600)
    result = Completed(0, 0, None, b"x" * 1000, b"", 0.0, 0.0, 0)
    memory.put(b"old", result, Limits())
    memory.put(b"new", result, Limits())
    memory.get(b"old")
    memory.put(b"newest", result, Limits())
    assert [memory.get(key) is not None for key in (b"old", b"new", b"newest")] == [True, False, True]


async def test_without_repeats_and_cache_the_executor_is_as_it_was():
    echo = Echo()
    assert assemble_executor(echo, "", 0, 0, Meter()) is echo


async def test_the_assembled_executor_repeats_and_remembers():
    echo, meter = Echo(True, False), Meter()
    executor = assemble_executor(echo, "", 1, 10_000, meter)
    for _ in range(2):
        assert await outputs(executor, job_of("a")) == [(0, b"a")]
    assert echo.ran == [b"a"]
    assert meter.drain() == {"executor/cache_hit_rate": 0.5, "executor/retries": 1.0}
