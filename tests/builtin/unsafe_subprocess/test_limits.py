"""Programs are ended at their limits, and told apart by the limit they hit."""

import asyncio

import pytest

from rlef_core import CaseInput, Job, LimitHit, Limits
from rlef_core.builtin.python import LANGUAGE
from rlef_core.builtin.unsafe_subprocess.executor import SubprocessExecutor


async def test_a_program_reads_its_input_and_its_output_is_kept(run):
    completed = await run("print(sum(map(int, input().split())))", b"1 2 3\n")
    assert completed.succeeded
    assert (completed.stdout, completed.stderr, completed.case) == (b"6\n", b"", 0)
    assert completed.cpu_seconds > 0
    assert completed.wall_seconds > 0
    assert completed.peak_memory_bytes > 1_000_000


async def test_an_endless_loop_is_stopped_by_cpu_time_to_the_hundredth(run):
    completed = await run("while True: pass", cpu_seconds=0.5)
    assert completed.limit is LimitHit.TIME
    assert completed.signal == 9
    assert completed.exit_code is None
    assert 0.5 <= completed.cpu_seconds < 0.6


async def test_a_loop_that_ignores_signals_and_swallows_exceptions_is_stopped(run):
    source = """
import signal
for number in range(1, 65):
    try: signal.signal(number, signal.SIG_IGN)
    except Exception: pass
while True:
    try:
        while True: pass
    except BaseException: pass
"""
    assert (await run(source, cpu_seconds=0.3)).limit is LimitHit.TIME


async def test_time_spent_in_children_counts(run):
    source = "import os\npid = os.fork()\nif not pid:\n    for _ in range(10**7): pass\n    os._exit(0)\nos.wait()"
    completed = await run(source, cpu_seconds=0.1)
    assert completed.limit is LimitHit.TIME
    assert completed.cpu_seconds > 0.1


async def test_a_sleeping_program_is_stopped_by_wall_time(run):
    completed = await run("import time; time.sleep(60)", wall_seconds=0.5)
    assert completed.limit is LimitHit.WALL
    assert 0.5 <= completed.wall_seconds < 5
    assert completed.cpu_seconds < 0.3


async def test_a_program_that_stops_itself_is_stopped_by_wall_time(run):
    assert (await run("import os; os.kill(os.getpid(), 19)", wall_seconds=0.5)).limit is LimitHit.WALL


@pytest.mark.parametrize(
    "source",
    ["x = bytearray(1 << 40)", "x = []\nwhile True: x.append(bytearray(1 << 20))", "x = []\nwhile True: x.append(len(x) + 10**6)"],
)
async def test_a_program_that_takes_too_much_memory_hits_the_memory_limit(run, source):
    completed = await run(source, memory_bytes=100_000_000)
    assert completed.limit is LimitHit.MEMORY
    assert completed.peak_memory_bytes < 1_000_000_000


async def test_too_much_memory_is_a_memory_limit_also_when_the_program_ends_well(run):
    completed = await run("x = b'x' * 150_000_000", memory_bytes=100_000_000)
    assert completed.limit is LimitHit.MEMORY


async def test_a_program_within_the_memory_limit_succeeds(run):
    assert (await run("x = b'x' * 50_000_000", memory_bytes=100_000_000)).succeeded


@pytest.mark.parametrize("write", ["print('x' * 1000)", "import os; os.write(1, b'x' * 1000)"])
async def test_a_flood_of_output_is_cut_at_the_limit(run, write):
    completed = await run(f"while True:\n    {write}", output_bytes=10_000)
    assert completed.limit is LimitHit.OUTPUT
    assert completed.stdout.startswith(b"xxx")
    assert len(completed.stdout) == 10_000


async def test_a_sparse_output_is_no_way_around_the_limit(run):
    completed = await run("import os; os.ftruncate(1, 1 << 40)", output_bytes=10_000)
    assert not completed.succeeded
    assert len(completed.stdout) <= 10_000


async def test_output_of_exactly_the_limit_is_no_fault(run):
    completed = await run("print('x' * 9_999)", output_bytes=10_000)
    assert completed.succeeded
    assert len(completed.stdout) == 10_000


async def test_a_flood_of_errors_is_cut_and_does_not_end_a_program_that_bears_it(run):
    source = "import os\nfor _ in range(100):\n    try: os.write(2, b'x' * 1000)\n    except OSError: pass\nprint(3)"
    completed = await run(source, output_bytes=10_000)
    assert completed.succeeded
    assert completed.stdout == b"3\n"
    assert len(completed.stderr) == 10_000


async def test_output_that_is_no_text_is_kept_as_bytes(run):
    assert (await run("import os; os.write(1, b'\\xff\\x00\\xfe')")).stdout == b"\xff\x00\xfe"


async def test_a_program_that_exits_behind_the_interpreters_back_has_its_exit_code(run):
    completed = await run("import os; print('lost'); os._exit(0)")
    assert (completed.exit_code, completed.stdout) == (0, b"")


async def test_a_closed_standard_output_is_an_empty_one(run):
    assert (await run("import os; os.close(1); os.close(2)")).stdout == b""


@pytest.mark.parametrize("code", [1, 3, 255])
async def test_an_exit_code_is_told_beside_the_output(run, code):
    completed = await run(f"print(6); raise SystemExit({code})")
    assert (completed.exit_code, completed.stdout, completed.succeeded) == (code, b"6\n", False)


async def test_a_signal_is_told(run):
    completed = await run("import os; os.kill(os.getpid(), 11)")
    assert (completed.exit_code, completed.signal) == (None, 11)


async def test_recursion_without_end_fails_the_same_way_every_time(run):
    source = "import sys\nsys.setrecursionlimit(10**9)\ndef f(n): return f(n + 1) + 1\nf(0)"
    limits = {(await run(source, memory_bytes=200_000_000)).limit for _ in range(2)}
    assert limits == {LimitHit.MEMORY}


async def test_a_big_thread_stack_and_deep_recursion_work(run):
    source = """
import sys, threading
def main():
    def f(n): return 0 if n == 0 else 1 + f(n - 1)
    print(f(50000))
sys.setrecursionlimit(1 << 20); threading.stack_size(256 << 20)
thread = threading.Thread(target=main); thread.start(); thread.join()
"""
    completed = await run(source, memory_bytes=256_000_000)
    assert (completed.stdout, completed.limit) == (b"50000\n", None)


async def test_the_whole_input_can_be_read_at_once_by_its_size(run):
    assert (await run("import os; print(len(os.read(0, os.fstat(0).st_size)))", b"x" * 300_000)).stdout == b"300000\n"


async def test_a_program_that_waits_for_a_cpu_is_no_sleeper():
    # Twelve programs of half a second of CPU share the cores, so that each takes longer than its wall limit.
    crowded = SubprocessExecutor(12, 61000)
    source = "import time\nwhile time.process_time() < 0.5: pass\nprint('done')"
    job = Job(LANGUAGE, source, (CaseInput(),), Limits(cpu_seconds=5, wall_seconds=0.7))

    async def run_one():
        (completed,) = [each async for each in crowded.run(job)]
        return completed

    try:
        all_completed = await asyncio.gather(*(run_one() for _ in range(12)))
    finally:
        await crowded.close()
    assert {(each.stdout, each.limit) for each in all_completed} == {(b"done\n", None)}
