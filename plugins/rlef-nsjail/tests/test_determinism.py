"""The same batch, shuffled and beside busy processes, gets the same answers and verdicts."""

import asyncio
import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from .conftest import Open, run_all

pytestmark = pytest.mark.repository

PROGRAMS = (
    "print(sum(map(int, input().split())))",
    "print({'a', 'b', 'c', 'spam', 'eggs'}, hash('spam'), frozenset(map(str, range(30))))",
    "import random\nprint(random.random(), random.sample(range(100), 5))",
    "import os, sys, time, locale\nprint(sorted(os.environ.items()), time.tzname, locale.getlocale(), os.getcwd())",
    "def f(n): return f(n + 1)\nf(0)",
    "print('x' * 3_000_000)",
    "x = [bytearray(10_000_000) for _ in range(100)]",
    "import threading as t\nfound = []\na = t.Thread(target=found.append, args=(1,))\na.start()\na.join()\nprint(found)",
    "while True: pass",
    "import time\ntime.sleep(0.3)\nprint('slept')",
    "x = 0\nfor i in range(1_500_000): x += i * i\nprint(x)",  # takes about half of its limit
    "import os\nos.abort()",
    "import re\nprint(re.sub('a+', 'b', 'aaac'), 1 / 0)",
)
ADDRESSES = "class Thing: pass\nprint([id(thing) for thing in [Thing() for _ in range(5)]], {Thing() for _ in range(3)})"
LIMITS = {"cpu_seconds": 0.6, "wall_seconds": 60.0, "memory_bytes": 200_000_000, "output_bytes": 100_000}
BUSY = 4


async def test_a_batch_that_is_shuffled_and_run_beside_busy_processes_gets_the_same(opened: Open) -> None:
    quiet = await batch(opened, list(PROGRAMS), workers=1)
    with busy_processes():
        for seed in range(2):
            shuffled = random.Random(seed).sample(PROGRAMS, len(PROGRAMS))
            assert await batch(opened, shuffled, workers=2) == quiet


async def test_where_each_run_gets_a_jail_of_its_own_even_addresses_are_the_same(opened: Open) -> None:
    async with opened(requests_per_jail=1) as executor:
        first = await run_all(executor, ADDRESSES, [b""])
        await run_all(executor, PROGRAMS[0], [b"1 2\n"] * 3)
        again = await run_all(executor, ADDRESSES, [b""])
    assert first[0].stdout == again[0].stdout


async def batch(opened: Open, programs: list[str], workers: int) -> dict[str, list[object]]:
    async with opened(workers=workers) as executor:
        seen = await asyncio.gather(*(run_all(executor, source, [b"1 2\n", b"3 4\n"], **LIMITS) for source in programs))
    return {
        source: [(each.exit_code, each.signal, each.limit, each.stdout, each.stderr) for each in cases]
        for source, cases in zip(programs, seen, strict=True)
    }


@contextmanager
def busy_processes() -> Iterator[None]:
    started = [subprocess.Popen([sys.executable, "-S", "-c", "while True: pass"]) for _ in range(BUSY)]
    try:
        yield
    finally:
        for process in started:
            process.kill()
            process.wait()
