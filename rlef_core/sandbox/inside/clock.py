"""Read a program's own clock, and know when to look at it again."""

import os
import time

SHORTEST_PAUSE_SECONDS = 0.001


def cpu_seconds(pid: int) -> float:
    """User and system time of all threads of a process, by its own clock: to the nanosecond, not to the scheduler's tick."""
    return time.clock_gettime((~pid << 3) | 2)


def pause_seconds(cpu_left: float, longest: float) -> float:
    """How long to wait before a process with `cpu_left` seconds of CPU time is looked at again."""
    # Threads may use the time left several times as fast.
    soonest = cpu_left / (os.cpu_count() or 1)
    return min(max(soonest, SHORTEST_PAUSE_SECONDS), longest)
