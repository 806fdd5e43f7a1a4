"""End everything that a program left behind, and nothing else."""

import os
import resource
import signal
import time
from collections.abc import Collection

from . import kernel

PATIENCE_SECONDS = 30.0


def end_all(keep: Collection[int] = ()) -> tuple[float, int]:
    """Kill and reap every child but `keep` until none is left; descendants become children when their parents end.

    Returns the CPU seconds and the peak memory in bytes of those reaped. Only own children are ever signalled: until they are reaped their
    numbers are theirs. Raises TimeoutError when some do not end within PATIENCE_SECONDS.
    """
    cpu, peak = 0.0, 0
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not _is_childless():
        left = [pid for pid in kernel.children() if pid not in keep]
        if keep and not left:
            break
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        for pid in left:
            ended = _wait(pid, deadline)
            cpu += ended.ru_utime + ended.ru_stime
            peak = max(peak, ended.ru_maxrss * 1024)
    return cpu, peak


def _is_childless() -> bool:
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return True
    return False


def _wait(pid: int, deadline: float) -> resource.struct_rusage:
    pause = 0.0001
    while True:
        ended, _, usage = os.wait4(pid, os.WNOHANG)
        if ended:
            return usage
        if time.monotonic() > deadline:
            raise TimeoutError(f"process {pid} does not end although it was killed")
        time.sleep(pause)
        pause = min(2 * pause, 0.02)
