"""Write what a proof found to docs/figures/NAME.json, with what a reader needs to judge it: commit, machine, seeds, raw numbers."""

import json
import os
import platform
import subprocess
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).parents[1]
FIGURES = REPOSITORY / "docs" / "figures"


def record(name: str, *, holds: bool, seeds: Sequence[int], numbers: Mapping[str, Any], folder: Path = FIGURES) -> Path:
    """Write `folder / NAME.json` and return its path; `holds` is whether the claim does, `numbers` the raw figures behind it."""
    found = {
        "schema": 1,
        "proof": name,
        "holds": holds,
        "date": datetime.now(UTC).date().isoformat(),
        "commit": commit(),
        "machine": machine(),
        "seeds": list(seeds),
        "numbers": numbers,
    }
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.json"
    path.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return path


def commit() -> str:
    """The commit of the working tree; with `+changes` when files differ from it."""
    changed = _git("status", "--porcelain", "--untracked-files=no")
    return _git("rev-parse", "HEAD") + ("+changes" if changed else "")


def machine() -> dict[str, Any]:
    """What figures of speed depend on; nothing that names the machine."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "cpu": models[0] if models else platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(memory / 2**30, 1),
        "python": platform.python_version(),
    }


def _git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=REPOSITORY, check=True, capture_output=True, text=True).stdout.strip()
