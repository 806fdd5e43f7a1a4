"""Wait for a program to end, or end it at its limits."""

import os
import select
import time
from collections.abc import Mapping
from typing import Any

from rlef_core.sandbox.inside import clock

from . import kernel

LONGEST_PAUSE_SECONDS = 0.02
STOPPED = "stopped"


def watch(pid: int, limits: Mapping[str, Any], stdout: int, stops: tuple[int, ...]) -> str | None:
    """Return when the process `pid` is to be killed or has ended, with the limit it hit: memory, time, wall, output, or None.

    Returns STOPPED as soon as one of the open files `stops` has something to read: its owner wants no result.
    """
    ended = os.pidfd_open(pid)
    poller = select.poll()
    for descriptor in (ended, *stops):
        poller.register(descriptor, select.POLLIN)
    started = time.monotonic()
    pause = clock.SHORTEST_PAUSE_SECONDS
    try:
        while True:
            ready = {descriptor for descriptor, _ in poller.poll(pause * 1000)}
            if ended in ready:
                return None
            if ready:
                return STOPPED
            cpu = clock.cpu_seconds(pid)
            if hit := _limit_hit(pid, limits, stdout, cpu, time.monotonic() - started):
                return hit
            pause = clock.pause_seconds(limits["cpu_seconds"] - cpu, LONGEST_PAUSE_SECONDS)
    finally:
        os.close(ended)


def _limit_hit(pid: int, limits: Mapping[str, Any], stdout: int, cpu: float, wall: float) -> str | None:
    if kernel.resident_bytes(pid) > limits["memory_bytes"]:
        return "memory"
    if cpu >= limits["cpu_seconds"]:
        return "time"
    # A program that had to wait for a CPU is no sleeper: the verdict must not depend on what else the machine does.
    if wall >= limits["wall_seconds"] and wall - kernel.waiting_seconds(pid) >= limits["wall_seconds"]:
        return "wall"
    if os.fstat(stdout).st_size > limits["output_bytes"]:
        return "output"
    return None
