"""Read the CPU time of a whole process tree while it lives, and wait until it rests."""

import asyncio
import contextlib
import os
import resource
import threading
import time
from collections.abc import Iterator
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
LOOK_SECONDS = 0.01
QUIET_LOOKS = 3
"""In a row, after which a tree counts as resting."""


def cpu_seconds() -> float:
    """User and system time of this process, of all its descendants and of whatever those have awaited, in seconds.

    Executors keep processes alive, whose time `RUSAGE_CHILDREN` does not tell before they end. What runs is read to the microsecond, what a
    descendant has awaited to two ticks of the system's clock (20 ms as a rule), so a difference is good where it is many times that.
    """
    own = sum(usage.ru_utime + usage.ru_stime for usage in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)))
    return own + sum(_clock(pid) + awaited for pid, awaited in _descendants(os.getpid()))


async def at_rest(most: float = 5.0) -> None:
    """Return when no thread of this process and its descendants wants a core, or after `most` seconds.

    Who has just worked may go on for a while: threads of OpenMP spin, and so do vLLM's workers for a second after their last step.
    """
    until, quiet = time.monotonic() + most, 0
    while quiet < QUIET_LOOKS and time.monotonic() < until:
        await asyncio.sleep(LOOK_SECONDS)
        quiet = 0 if any(_runnable()) else quiet + 1


def _runnable() -> Iterator[bool]:
    """Whether it runs or waits for a core, for each thread of the tree but the one that looks."""
    own = threading.get_native_id()
    for pid in (os.getpid(), *(pid for pid, _ in _descendants(os.getpid()))):
        for thread in Path(f"/proc/{pid}/task").glob("*/stat"):
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it ended meanwhile
                yield thread.parent.name != str(own) and thread.read_bytes().rpartition(b")")[2].split()[0] == b"R"


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
