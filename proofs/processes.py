"""Start the command in a process of its own, end processes of it, and see what is left: for proofs about runs that are killed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil
from record import REPOSITORY

UNDER_WAY_SECONDS = 0.7
PATIENCE_SECONDS = 900


def begun(
    directory: Path, spec: str, settings: Sequence[str], victims: Callable[[psutil.Process], bool]
) -> tuple["subprocess.Popen[str]", list[psutil.Process]]:
    """Return a run in its second collection, and the processes below it that are `victims`, parents first."""
    sets = [word for setting in (*settings, f"run.directory={directory}") for word in ("--set", setting)]
    process = start("run", spec, *sets)
    metrics = directory / "metrics.jsonl"
    until = time.monotonic() + PATIENCE_SECONDS
    while not (metrics.exists() and metrics.stat().st_size):
        if process.poll() is not None or time.monotonic() > until:
            raise SystemExit(f"the run did not come to its second collection: {finished(process)}")
        time.sleep(0.05)
    time.sleep(UNDER_WAY_SECONDS)
    found = [child for child in psutil.Process(process.pid).children(recursive=True) if victims(child)]
    if not found:
        raise SystemExit("found no such process below the run")
    return process, found


def start(*arguments: str) -> "subprocess.Popen[str]":
    """Start the command, with what it prints at hand."""
    return subprocess.Popen(
        [sys.executable, "-m", "rlef_core", *arguments],
        cwd=REPOSITORY,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=os.environ | {"NO_COLOR": "1", "COLUMNS": "10000"},
    )


def finished(process: "subprocess.Popen[str]") -> tuple[int, list[str]]:
    """Return a command's exit status and what it printed."""
    printed, _ = process.communicate(timeout=PATIENCE_SECONDS)
    return process.returncode, printed.splitlines()


def kill(process: psutil.Process) -> None:
    """End one process, at once."""
    process.send_signal(signal.SIGKILL)


def gone(processes: Sequence[psutil.Process]) -> bool:
    """Return whether none of the processes is left after a while."""
    _, alive = psutil.wait_procs(processes, timeout=20)
    return not alive


def left(processes: Sequence[psutil.Process]) -> list[str]:
    """Return the names of the processes that are still there."""
    return [process.name() for process in processes if process.is_running()]
