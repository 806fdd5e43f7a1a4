"""Read the CPU time of a whole process tree while it lives, and wait until it rests."""

import asyncio
import os
import resource
import time
from collections.abc import Iterator
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
LOOK_SECONDS = 0.01
QUIET_LOOKS = 3
"""In a row, after which a tree counts as resting."""
BUSY_SHARE = 0.1
"""Of one core; an engine that waits takes about a hundredth."""


def cpu_seconds() -> float:
    """User and system time of this process, of all its descendants and of whatever those have awaited, in seconds.

    Executors keep processes alive, whose time `RUSAGE_CHILDREN` does not tell before they end. What runs is read to the microsecond, what a
    descendant has awaited to two ticks of the system's clock (20 ms as a rule), so a difference is good where it is many times that.
    """
    own = sum(usage.ru_utime + usage.ru_stime for usage in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)))
    return own + sum(_clock(pid) + awaited for pid, awaited in _descendants(os.getpid()))


async def at_rest(most: float = 5.0) -> None:
    """Return when this process and its descendants take next to no CPU time, or after `most` seconds.

    Who has just worked may go on for a while: threads of OpenMP spin, and so do vLLM's workers for a second after their last step.
    """
    until, quiet = time.monotonic() + most, 0
    while quiet < QUIET_LOOKS and time.monotonic() < until:
        before, began = _others_seconds(), time.monotonic()
        await asyncio.sleep(LOOK_SECONDS)
        rests = _others_seconds() - before < BUSY_SHARE * (time.monotonic() - began)
        quiet = quiet + 1 if rests else 0


def _others_seconds() -> float:
    return cpu_seconds() - time.thread_time()  # looking takes time too


def _descendants(root: int) -> Iterator[tuple[int, float]]:
    """The pid of each, with the seconds of the children that it has awaited."""
    children: dict[int, list[tuple[int, float]]] = {}
    for pid, parent, awaited in _processes():
        children.setdefault(parent, []).append((pid, awaited))
    found = [root]
    for process in found:
        for pid, awaited in children.get(process, ()):
            found.append(pid)
            yield pid, awaited


def _processes() -> Iterator[tuple[int, int, float]]:
    for folder in Path("/proc").iterdir():
        if not folder.name.isdecimal():
            continue
        try:
            fields = (folder / "stat").read_bytes().rpartition(b")")[2].split()
        except (FileNotFoundError, ProcessLookupError):  # it ended meanwhile
            continue
        yield int(folder.name), int(fields[1]), (int(fields[13]) + int(fields[14])) / TICKS


def _clock(pid: int) -> float:
    try:
        return time.clock_gettime((~pid << 3) | 2)  # as clock_getcpuclockid(3) makes it
    except OSError:  # it ended meanwhile: its parent has its time
        return 0.0
