"""Show that the quickstart learns to use feedback whatever the seed: seeds 0, 1 and 2, every bound on each."""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from record import REPOSITORY, record

SEEDS = (0, 1, 2)
EPISODES = 500


def main() -> int:
    """Run the seeds, record them, and return 0 if every bound holds on each."""
    numbers = {str(seed): run(seed) for seed in SEEDS}
    holds = all(all(found["bounds"].values()) for found in numbers.values())
    path = record("quickstart-seeds", holds=holds, seeds=SEEDS, numbers=numbers)
    print(f"{'holds' if holds else 'does not hold'}: {path.relative_to(REPOSITORY)}")
    return 0 if holds else 1


def run(seed: int) -> Mapping[str, Any]:
    """One quickstart: its summary, its wall time in seconds, its solve rate by collection, and which bounds hold."""
    with tempfile.TemporaryDirectory(prefix="rlef-proof-") as folder:
        directory = Path(folder) / "run"
        began = time.monotonic()
        words = ["run", "docs/specs/quickstart.yaml", "--set", f"run.seed={seed}", "--set", f"run.directory={directory}"]
        subprocess.run([sys.executable, "-m", "rlef_core", *words], cwd=REPOSITORY, check=True)
        seconds = time.monotonic() - began
        summary = json.loads((directory / "summary.json").read_text(encoding="utf-8"))
        lines = (directory / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    curve = [round(json.loads(line)["metrics"]["rollout/solve_rate"], 4) for line in lines]
    return {"bounds": bounds(summary), "seconds": round(seconds, 1), "summary": summary, "solve_rate_by_collection": curve}


def bounds(summary: Mapping[str, Any]) -> Mapping[str, bool]:
    """What learnt means."""
    arms = {name: entry for name, entry in summary.items() if isinstance(entry, Mapping)}
    trained = arms["trained"]["solve_rate"]
    return {
        "trained at least 0.40 above base": trained >= arms["base"]["solve_rate"] + 0.40,
        "random feedback at least 0.25 below true feedback": arms["trained_random_feedback"]["solve_rate"] <= trained - 0.25,
        "several turns at least 0.20 above independent answers": trained >= arms["trained_single_turn"]["solve_rate"] + 0.20,
        "above the ceiling of a player blind to feedback": trained > summary["blind_ceiling"],
        f"at least {EPISODES} episodes each": all(entry["episodes"] >= EPISODES for entry in arms.values()),
    }


if __name__ == "__main__":
    sys.exit(main())
