"""Limits that belong to jails: what they can give, and whose time counts."""

import time

import pytest

from rlef_core import LimitHit, RlefError

from .conftest import Run, run_all

pytestmark = pytest.mark.repository

BURNING_CHILDREN = """
import os, time
for _ in range(2):
    if os.fork() == 0:
        while True: pass
time.sleep(600)
"""
READ_BY_NAME = "print(len(open('/dev/stdin').read()))"
ADD_A_FILTER = """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
print(libc.prctl(22, 2, None, 0, 0), ctypes.get_errno())
"""
CORE = "import resource; print(resource.getrlimit(resource.RLIMIT_CORE))"


@pytest.mark.parametrize("limits", [{"processes": 500}, {"output_bytes": 1 << 30}])
async def test_limits_that_no_jail_can_give_are_refused(executor, limits: dict[str, int]) -> None:
    with pytest.raises(RlefError, match=f"{next(iter(limits))} is .*, expected less than"):
        await run_all(executor, "print(1)", [b""], **limits)


async def test_the_time_of_children_counts_while_they_run(opened) -> None:
    async with opened(multiprocess=True) as executor:
        started = time.monotonic()
        (seen,) = await run_all(executor, BURNING_CHILDREN, [b""], cpu_seconds=0.5, wall_seconds=120.0)
        assert seen.limit is LimitHit.TIME
        assert time.monotonic() - started < 60


async def test_an_input_that_is_read_by_name_is_there_where_it_fits(opened) -> None:
    async with opened(scratch_bytes=1 << 20, retries=0) as executor:
        small, large = await run_all(executor, READ_BY_NAME, [b"x" * 1000, b"x" * (3 << 20)])
        assert (small.stdout, small.exit_code) == (b"1000\n", 0)
        assert b"FileNotFoundError" in large.stderr


async def test_a_program_can_add_no_filter_that_would_write_to_the_log_of_the_host(run: Run) -> None:
    assert (await run(ADD_A_FILTER)).stdout == b"-1 1\n"


async def test_no_core_is_written_and_no_handler_of_the_host_is_started(run: Run) -> None:
    assert (await run(CORE)).stdout == b"(1, 1)\n"
