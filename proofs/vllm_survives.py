"""Show that a run outlives its engine, or stops with one message and resumes, as the spec says, and that no process outlives the run."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psutil
from record import REPOSITORY, record

SPEC = "docs/specs/vllm-cpu.yaml"
SHORT = ("training.updates=8", "training.checkpoint_every=2", "evaluation.episodes=8")
UNDER_WAY_SECONDS = 0.7
PATIENCE_SECONDS = 900


def main() -> int:
    """Try the three ways, record, and return 0 if all went as they should."""
    with tempfile.TemporaryDirectory(prefix="rlef-proof-") as folder:
        numbers = {
            "goes on": goes_on(Path(folder) / "on"),
            **stops_and_resumes(Path(folder) / "stops"),
            "driver": driver(Path(folder) / "d"),
        }
    holds = all(each["holds"] for each in numbers.values())
    path = record("vllm-survives", holds=holds, seeds=[0], numbers=numbers)
    print(f"{'holds' if holds else 'does not hold'}: {path.relative_to(REPOSITORY)}")
    return 0 if holds else 1


def goes_on(directory: Path) -> dict[str, Any]:
    """The engine is killed in the second collection, with restarts left: the run reaches its end."""
    process, engines = begun(directory)
    kill(engines[0])
    status, lines = finished(process)
    restarts = [line for line in lines if "collection" in line]
    return {"holds": status == 0 and gone(engines), "status": status, "collections": restarts, "left": left(engines)}


def stops_and_resumes(directory: Path) -> dict[str, dict[str, Any]]:
    """The same without a restart left: the run stops with one message, and `resume` reaches the end."""
    process, engines = begun(directory, "policy.restarts=0")
    kill(engines[0])
    status, lines = finished(process)
    errors = [line for line in lines if "policy.restarts" in line]
    stops = {"holds": status == 4 and len(errors) == 1 and gone(engines), "status": status, "message": errors, "left": left(engines)}
    again = start("resume", str(directory))
    status, lines = finished(again)
    resumes = {"holds": status == 0 and (directory / "summary.json").exists(), "status": status}
    return {"stops": stops, "resumes": resumes}


def driver(directory: Path) -> dict[str, Any]:
    """The run itself is killed: its engine ends with it."""
    process, engines = begun(directory)
    process.kill()
    process.wait()
    return {"holds": gone(engines), "left": left(engines)}


def begun(directory: Path, *settings: str) -> tuple["subprocess.Popen[str]", list[psutil.Process]]:
    """A run in its second collection, and the processes of its engine, parents first."""
    sets = [word for setting in (*SHORT, *settings, f"run.directory={directory}") for word in ("--set", setting)]
    process = start("run", SPEC, *sets)
    metrics = directory / "metrics.jsonl"
    until = time.monotonic() + PATIENCE_SECONDS
    while not (metrics.exists() and metrics.stat().st_size):
        if process.poll() is not None or time.monotonic() > until:
            raise SystemExit(f"the run did not come to its second collection: {finished(process)}")
        time.sleep(0.05)
    time.sleep(UNDER_WAY_SECONDS)
    engines = [child for child in psutil.Process(process.pid).children(recursive=True) if child.name().startswith("VLLM")]
    if not engines:
        raise SystemExit("found no process of an engine below the run")
    return process, engines


def start(*arguments: str) -> "subprocess.Popen[str]":
    """The command, with what it prints at hand."""
    return subprocess.Popen(
        [sys.executable, "-m", "rlef_core", *arguments],
        cwd=REPOSITORY,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=os.environ | {"NO_COLOR": "1", "COLUMNS": "10000"},
    )


def finished(process: "subprocess.Popen[str]") -> tuple[int, list[str]]:
    """A command's exit status and what it printed."""
    printed, _ = process.communicate(timeout=PATIENCE_SECONDS)
    return process.returncode, printed.splitlines()


def kill(process: psutil.Process) -> None:
    """End one process, at once."""
    process.send_signal(signal.SIGKILL)


def gone(processes: Sequence[psutil.Process]) -> bool:
    """None of the processes is left after a while."""
    _, alive = psutil.wait_procs(processes, timeout=20)
    return not alive


def left(processes: Sequence[psutil.Process]) -> list[str]:
    """The names of the processes that are still there."""
    return [process.name() for process in processes if process.is_running()]


if __name__ == "__main__":
    sys.exit(main())
