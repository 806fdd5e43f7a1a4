"""The programs that the bench of executors runs."""

import random
from collections.abc import Mapping

from attrs import frozen

from rlef_core.errors import PluginError
from rlef_core.records import Language

CASES = 10
NUMBERS = 200

MIX = """\
import bisect, collections, functools, heapq, itertools, math

numbers = list(map(int, input().split()))
heap = numbers[:]
heapq.heapify(heap)
ordered = [heapq.heappop(heap) for _ in numbers]
counts = collections.Counter(number % 7 for number in numbers)
sums = list(itertools.accumulate(numbers))
below = sum(bisect.bisect_left(ordered, number) for number in numbers[:50])


@functools.lru_cache(None)
def ways(total):
    return 1 if total < 5 else ways(total - 2) + ways(total - 5)


divisor = functools.reduce(math.gcd, (a + b for a, b in zip(numbers, numbers[1:])))
print(ordered[0], ordered[-1], sums[-1], below, ways(60), divisor, math.isqrt(sums[-1]))
print(*(counts[rest] for rest in range(7)))
"""
"""What a short solution of a contest does: read some numbers, use the standard library, print two lines."""

BURN = """\
import time
while time.process_time() < {seconds}:
    pass
print("done")
"""
"""Takes so many seconds of CPU time by its own clock, start-up included, however long that lasts."""


@frozen
class Workload:
    """A program and what it reads, one entry a case."""

    name: str
    source: str
    inputs: tuple[bytes, ...]


def workloads() -> tuple[Workload, ...]:
    """The mix of ten cases and the empty program; the same in every process."""
    return (Workload("mix", MIX, tuple(map(_numbers, range(CASES)))), Workload("empty", "pass", (b"",) * CASES))


def language_of(languages: Mapping[str, Language]) -> Language:
    """The language of the workloads: the one that runs on CPython. Raises PluginError when there is none, or several."""
    found = [language for language in languages.values() if language.runtime == "cpython"]
    if len(found) != 1:
        raise PluginError(f"found {len(found)} installed languages with runtime 'cpython', expected one to write the measured programs in")
    return found[0]


def _numbers(seed: int) -> bytes:
    draw = random.Random(seed)
    return " ".join(str(draw.randrange(1, 10**6)) for _ in range(NUMBERS)).encode()
