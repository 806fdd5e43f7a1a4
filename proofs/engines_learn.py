"""Show that vLLM and DeepSpeed learn together on a CPU (vllm-deepspeed-cpu.yaml): on one rank, on two, and while playing ahead."""

import os
import sys
from collections.abc import Mapping
from typing import Any

from record import REPOSITORY, record
from running import Outcome, run

SPEC = "docs/specs/vllm-deepspeed-cpu.yaml"
SEED = 0
WAYS = {"one rank": (), "two ranks": ("optimizer.world_size=2",), "playing ahead": ("training.max_staleness=1",)}
GAIN = 0.30
MINUTES = 20
EPISODES = 500
FIGURES = (
    "loop/idle_share",
    "rollout/seconds",
    "rollout/staleness",
    "optimizer/seconds",
    "optimizer/publish_seconds",
    "optimizer/gather_seconds",
    "policy/load_seconds",
)


def main() -> int:
    """Run the spec in every way, record what they left, and return 0 if every bound holds."""
    numbers = {name: measured(run(SPEC, f"run.seed={SEED}", *settings)) for name, settings in WAYS.items()}
    holds = all(all(each["bounds"].values()) for each in numbers.values())
    path = record("engines-learn", holds=holds, seeds=[SEED], numbers=numbers)
    print(f"{'holds' if holds else 'does not hold'}: {path.relative_to(REPOSITORY)}")
    return 0 if holds else 1


def measured(found: Outcome) -> dict[str, Any]:
    """A run's bounds and the figures behind them."""
    return {
        "bounds": bounds(found),
        "load_after": round(os.getloadavg()[0], 2),
        "seconds": found.seconds,
        "summary": found.summary,
        "solve_rate_by_collection": found.solve_rates,
        "parity_max": found.most("optimizer/parity_max"),
        "means": {name: found.mean(name) for name in FIGURES if any(name in each for each in found.metrics)},
    }


def bounds(found: Outcome) -> Mapping[str, bool]:
    """What learnt means."""
    base, trained = found.summary["base"], found.summary["trained"]
    return {
        f"trained at least {GAIN:.2f} above base": trained["solve_rate"] >= base["solve_rate"] + GAIN,
        f"at least {EPISODES} episodes each": min(base["episodes"], trained["episodes"]) >= EPISODES,
        f"under {MINUTES} minutes": found.seconds < 60 * MINUTES,
    }


if __name__ == "__main__":
    sys.exit(main())
