"""Wait for a program to end, or tell when it is to be ended."""

import os
import select
import signal
import socket
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from rlef_core.sandbox.inside import clock

GONE = "gone"
LONGEST_PAUSE_SECONDS = 0.05
LOOKED_AFTER = 256
LEAST_SHARE = 1 / 16
"""A program that gets less of a CPU than this sleeps; one that gets more is only crowded, and its CPU time decides."""


class Watch:
    """Wakes up by the end of a child, by the owner's leaving, and in time to look at the clocks."""

    def __init__(self, control: socket.socket) -> None:
        self.ends, wake = os.pipe()
        for end in (self.ends, wake):
            os.set_blocking(end, False)
        signal.signal(signal.SIGCHLD, _nothing)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        self.control = control.fileno()
        self.poller = select.poll()
        self.poller.register(self.ends, select.POLLIN)
        self.poller.register(self.control, select.POLLIN)

    def until_end(self, pid: int, limits: Mapping[str, Any], stdout: int, *, several: bool) -> str | None:
        """Wait for a program, of `several` processes or one.

        Return when the process `pid` has ended (None) or is to be ended: by the limit it hit (`time`, `wall`, `output`), or GONE.
        """
        started = time.monotonic()
        pause = clock.SHORTEST_PAUSE_SECONDS + min(LONGEST_PAUSE_SECONDS, limits["cpu_seconds"] / 4)
        while True:
            ready = {descriptor for descriptor, _ in self.poller.poll(pause * 1000)}
            if self.control in ready:
                return GONE
            if self.ends in ready:
                os.read(self.ends, 1 << 12)
            if os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
                return None
            cpu = clock.cpu_seconds(pid) + (_cpu_seconds_after(pid) if several else 0.0)
            if hit := _limit_hit(limits, stdout, cpu, time.monotonic() - started):
                return hit
            pause = clock.pause_seconds(limits["cpu_seconds"] - cpu, LONGEST_PAUSE_SECONDS)


def _nothing(*_: object) -> None:
    """Exist, so that the wake-up file is written to."""


def _cpu_seconds_after(first: int) -> float:
    """The time of the processes that were started after `first` and that are still there; numbers are given in their order."""
    total = 0.0
    for pid in range(first + 1, first + LOOKED_AFTER):
        with suppress(OSError):  # there is none
            total += clock.cpu_seconds(pid)
    return total


def _limit_hit(limits: Mapping[str, Any], stdout: int, cpu: float, wall: float) -> str | None:
    if cpu >= limits["cpu_seconds"]:
        return "time"
    if wall - cpu / LEAST_SHARE >= limits["wall_seconds"]:
        return "wall"
    if os.fstat(stdout).st_size > limits["output_bytes"]:
        return "output"
    return None
