"""Show that the quickstart learns to use feedback whatever the seed: seeds 0, 1 and 2, every bound on each."""

import sys
from collections.abc import Mapping
from typing import Any

from record import REPOSITORY, record
from running import run

SEEDS = (0, 1, 2)
EPISODES = 500


def main() -> int:
    """Run the seeds, record them, and return 0 if every bound holds on each."""
    numbers = {str(seed): learnt(seed) for seed in SEEDS}
    holds = all(all(found["bounds"].values()) for found in numbers.values())
    path = record("quickstart-seeds", holds=holds, seeds=SEEDS, numbers=numbers)
    print(f"{'holds' if holds else 'does not hold'}: {path.relative_to(REPOSITORY)}")
    return 0 if holds else 1


def learnt(seed: int) -> Mapping[str, Any]:
    """One quickstart: its summary, its wall time in seconds, its solve rate by collection, and which bounds hold."""
    found = run("docs/specs/quickstart.yaml", f"run.seed={seed}")
    return {
        "bounds": bounds(found.summary),
        "seconds": found.seconds,
        "summary": found.summary,
        "solve_rate_by_collection": found.solve_rates,
    }


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
