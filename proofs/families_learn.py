"""Show that optimizers without a critic learn the quickstart's task on the same parts: grpo and rloo, seeds 0, 1 and 2."""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from record import REPOSITORY, record

FAMILIES = ("grpo", "rloo")
SEEDS = (0, 1, 2)
GAIN = 0.20
EPISODES = 500


def main() -> int:
    """Run every family on every seed, record them, and return 0 if every bound holds on each."""
    numbers = {family: {str(seed): run(family, seed) for seed in SEEDS} for family in FAMILIES}
    holds = all(all(found["bounds"].values()) for seeds in numbers.values() for found in seeds.values())
    path = record("families-learn", holds=holds, seeds=SEEDS, numbers=numbers)
    print(f"{'holds' if holds else 'does not hold'}: {path.relative_to(REPOSITORY)}")
    return 0 if holds else 1


def run(family: str, seed: int) -> Mapping[str, Any]:
    """One run: its summary, its wall time in seconds, its solve rate by collection, and which bounds hold."""
    with tempfile.TemporaryDirectory(prefix="rlef-proof-") as folder:
        directory = Path(folder) / "run"
        began = time.monotonic()
        words = ["run", f"docs/specs/{family}.yaml", "--set", f"run.seed={seed}", "--set", f"run.directory={directory}"]
        subprocess.run([sys.executable, "-m", "rlef_core", *words], cwd=REPOSITORY, check=True)
        seconds = time.monotonic() - began
        summary = json.loads((directory / "summary.json").read_text(encoding="utf-8"))
        lines = (directory / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    curve = [round(json.loads(line)["metrics"]["rollout/solve_rate"], 4) for line in lines]
    return {"bounds": bounds(summary), "seconds": round(seconds, 1), "summary": summary, "solve_rate_by_collection": curve}


def bounds(summary: Mapping[str, Any]) -> Mapping[str, bool]:
    """What learnt means."""
    base, trained = summary["base"], summary["trained"]
    return {
        f"trained at least {GAIN:.2f} above base": trained["solve_rate"] >= base["solve_rate"] + GAIN,
        f"at least {EPISODES} episodes each": min(base["episodes"], trained["episodes"]) >= EPISODES,
    }


if __name__ == "__main__":
    sys.exit(main())
