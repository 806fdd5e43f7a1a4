"""Show that optimizers without a critic learn the quickstart's task on the same parts: grpo and rloo, seeds 0, 1 and 2."""

import sys
from collections.abc import Mapping
from typing import Any

from record import REPOSITORY, record
from running import run

FAMILIES = ("grpo", "rloo")
SEEDS = (0, 1, 2)
GAIN = 0.20
EPISODES = 500


def main() -> int:
    """Run every family on every seed, record them, and return 0 if every bound holds on each."""
    numbers = {family: {str(seed): learnt(family, seed) for seed in SEEDS} for family in FAMILIES}
    holds = all(all(found["bounds"].values()) for seeds in numbers.values() for found in seeds.values())
    path = record("families-learn", holds=holds, seeds=SEEDS, numbers=numbers)
    print(f"{'holds' if holds else 'does not hold'}: {path.relative_to(REPOSITORY)}")
    return 0 if holds else 1


def learnt(family: str, seed: int) -> Mapping[str, Any]:
    """One run: its summary, its wall time in seconds, its solve rate by collection, and which bounds hold."""
    found = run(f"docs/specs/{family}.yaml", f"run.seed={seed}")
    return {
        "bounds": bounds(found.summary),
        "seconds": found.seconds,
        "summary": found.summary,
        "solve_rate_by_collection": found.solve_rates,
    }


def bounds(summary: Mapping[str, Any]) -> Mapping[str, bool]:
    """What learnt means."""
    base, trained = summary["base"], summary["trained"]
    return {
        f"trained at least {GAIN:.2f} above base": trained["solve_rate"] >= base["solve_rate"] + GAIN,
        f"at least {EPISODES} episodes each": min(base["episodes"], trained["episodes"]) >= EPISODES,
    }


if __name__ == "__main__":
    sys.exit(main())
