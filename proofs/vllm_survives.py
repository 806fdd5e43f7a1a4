"""Show that a run outlives its engine, or stops with one message and resumes, as the spec says, and that no process outlives the run."""

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import psutil
from processes import begun, finished, gone, kill, left, start
from record import REPOSITORY, record

SPEC = "docs/specs/vllm-cpu.yaml"
SHORT = ("training.updates=8", "training.checkpoint_every=2", "evaluation.episodes=8")


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
    process, engines = engine_of(directory)
    kill(engines[0])
    status, lines = finished(process)
    restarts = [line for line in lines if "collection" in line]
    return {"holds": status == 0 and gone(engines), "status": status, "collections": restarts, "left": left(engines)}


def stops_and_resumes(directory: Path) -> dict[str, dict[str, Any]]:
    """The same without a restart left: the run stops with one message, and `resume` reaches the end."""
    process, engines = engine_of(directory, "policy.restarts=0")
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
    process, engines = engine_of(directory)
    process.kill()
    process.wait()
    return {"holds": gone(engines), "left": left(engines)}


def engine_of(directory: Path, *settings: str) -> tuple["subprocess.Popen[str]", list[psutil.Process]]:
    """A run in its second collection, and the processes of its engine, parents first."""
    return begun(directory, SPEC, (*SHORT, *settings), lambda child: child.name().startswith("VLLM"))


if __name__ == "__main__":
    sys.exit(main())
