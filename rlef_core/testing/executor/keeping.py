"""Check that an executor keeps every limit, tells which one was hit, and measures what a program used."""

import pytest

from rlef_core import LimitHit
from rlef_core.testing.executor.probing import Probing, Run
from rlef_core.testing.suite import needs, promise

BURN = "import time\nwhile time.process_time() < {seconds}: pass\nprint('done')"
CHILD = """
import os, time
try:
    pid = os.fork()
except OSError:
    print("refused"); raise SystemExit
if pid == 0:
    while time.process_time() < 0.6: pass
    os._exit(0)
os.waitpid(pid, 0)
print("waited")
"""
EAT = "x = []\nwhile True: x.append(b'x' * 1_000_000)"
MEMORY = 200_000_000


class Keeping(Probing):
    """CPU time, wall time, memory, output."""

    limits_memory: bool = promise("a program that takes more memory than it may hits the memory limit")
    limits_output: bool = promise("a program that writes more than it may hits the output limit; what it wrote before is kept")
    has_precise_cpu_time: bool = promise("cpu_seconds are exact to a tenth of a second, children of the program included")
    measures_memory: bool = promise("peak_memory_bytes tells what a program really used")

    async def test_a_program_that_computes_on_and_on_hits_the_time_limit(self, run: Run) -> None:
        completed = await run("print('begun', flush=True)\nwhile True: pass", cpu_seconds=0.5, wall_seconds=60)
        assert (completed.limit, completed.succeeded, completed.stdout) == (LimitHit.TIME, False, b"begun\n"), f"found {completed}"
        assert 0.4 < completed.cpu_seconds < 3, f"stopped after {completed.cpu_seconds} s of CPU, expected about 0.5"

    async def test_a_program_that_sleeps_on_and_on_hits_the_wall_limit(self, run: Run) -> None:
        completed = await run("import time; time.sleep(600)", cpu_seconds=5, wall_seconds=1)
        assert completed.limit is LimitHit.WALL, f"found {completed.limit}, expected {LimitHit.WALL}"
        assert completed.wall_seconds < 30, f"stopped after {completed.wall_seconds} s, expected about 1"

    async def test_a_sleep_within_the_wall_limit_is_no_fault_of_the_program(self, run: Run) -> None:
        completed = await run("import time; time.sleep(0.5); print('awake')", cpu_seconds=0.4, wall_seconds=60)
        assert (completed.limit, completed.stdout) == (None, b"awake\n"), f"found {completed}, expected no limit: sleeping takes no CPU"

    @needs("limits_memory")
    async def test_a_program_that_eats_memory_hits_the_memory_limit(self, run: Run) -> None:
        completed = await run(EAT, cpu_seconds=10, wall_seconds=60, memory_bytes=MEMORY)
        assert (completed.limit, completed.succeeded) == (LimitHit.MEMORY, False), f"found {completed}, expected {LimitHit.MEMORY}"

    async def test_a_program_within_its_memory_is_left_alone(self, run: Run) -> None:
        completed = await run("x = b'x' * 80_000_000; print(len(x))", cpu_seconds=10, wall_seconds=60, memory_bytes=MEMORY)
        assert (completed.limit, completed.stdout) == (None, b"80000000\n"), f"found {completed}, expected no limit"

    @needs("limits_output")
    @pytest.mark.parametrize("write", ["print('x' * 999)", "import os; os.write(1, b'x' * 1000)"])
    async def test_a_flood_of_output_hits_the_output_limit_and_is_cut_there(self, run: Run, write: str) -> None:
        completed = await run(f"while True:\n    {write}", cpu_seconds=10, wall_seconds=60, output_bytes=20_000)
        found = (completed.limit, completed.succeeded, len(completed.stdout), completed.stdout[:3])
        assert found == (LimitHit.OUTPUT, False, 20_000, b"xxx"), f"found {found}, expected the first 20000 bytes and the output limit"

    async def test_output_of_exactly_the_limit_is_whole_and_no_fault(self, run: Run) -> None:
        completed = await run("print('x' * 9_999)", cpu_seconds=10, wall_seconds=60, output_bytes=10_000)
        assert (completed.succeeded, len(completed.stdout)) == (True, 10_000)

    async def test_a_flood_of_errors_is_bounded_too(self, run: Run) -> None:
        source = "import os\nfor _ in range(100):\n    try: os.write(2, b'x' * 1000)\n    except OSError: pass\nprint('done')"
        completed = await run(source, cpu_seconds=10, wall_seconds=60, output_bytes=10_000)
        assert completed.stderr.startswith(b"xxx")

    @needs("has_precise_cpu_time")
    async def test_the_cpu_time_told_is_the_time_used(self, run: Run) -> None:
        little, more = [(await run(BURN.format(seconds=seconds))).cpu_seconds for seconds in (0.2, 0.7)]
        assert 0.4 < more - little < 0.6, f"found {little:.3f} and {more:.3f} s for programs half a second apart"

    @needs("has_precise_cpu_time")
    async def test_the_cpu_time_of_children_counts(self, run: Run) -> None:
        completed = await run(CHILD, processes=8)
        counted = completed.stdout == b"refused\n" or completed.cpu_seconds > 0.55
        assert counted, f"found {completed.cpu_seconds:.3f} s for a program whose child used 0.6 s, output {completed.stdout!r}"

    @needs("measures_memory")
    async def test_the_peak_of_memory_told_is_what_was_used(self, run: Run) -> None:
        peaks = [(await run(f"x = b'x' * {size}_000_000")).peak_memory_bytes for size in (10, 110)]
        grown = peaks[1] - peaks[0]
        assert 80_000_000 < grown < 130_000_000, f"found peaks {peaks} for programs 100 MB apart"
