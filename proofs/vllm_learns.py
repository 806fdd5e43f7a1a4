"""Show that a run with vLLM's real engine learns on a CPU: docs/specs/vllm-cpu.yaml, in minutes, its log-probs those of the trainer."""

import os
import resource
import sys
from collections.abc import Mapping

from record import REPOSITORY, record
from running import Outcome, run

SPEC = "docs/specs/vllm-cpu.yaml"
SEED = 0
GAIN = 0.30
MINUTES = 20
EPISODES = 500
PARITY = 1e-4
"""How far a sampled log-prob may be from the trainer's, in nats, in float32."""
FIGURES = (
    "rollout/seconds",
    "rollout/tokens_per_second",
    "optimizer/seconds",
    "optimizer/publish_seconds",
    "policy/load_seconds",
    "policy/kv_reuse_rate",
)


def main() -> int:
    """Run the spec, record what it left, and return 0 if every bound holds."""
    load = os.getloadavg()[0]
    found = run(SPEC, f"run.seed={SEED}")
    held = bounds(found)
    numbers = {
        "bounds": held,
        "load_before": round(load, 2),
        "seconds": found.seconds,
        "processor_seconds": round(processor_seconds(), 1),
        "summary": found.summary,
        "solve_rate_by_collection": found.solve_rates,
        "parity_max": found.most("optimizer/parity_max"),
        "load_gap": found.most("policy/load_gap"),
        "engine_restarts": sum(each.get("policy/engine_restarts", 0.0) for each in found.metrics),
        "means": {name: found.mean(name) for name in FIGURES},
    }
    path = record("vllm-learns", holds=all(held.values()), seeds=[SEED], numbers=numbers)
    print(f"{'holds' if all(held.values()) else f'does not hold: {held}'}: {path.relative_to(REPOSITORY)}")
    return 0 if all(held.values()) else 1


def bounds(found: Outcome) -> Mapping[str, bool]:
    """What learnt means, and that the engine sampled by what was learnt."""
    base, trained = found.summary["base"], found.summary["trained"]
    return {
        f"trained at least {GAIN:.2f} above base": trained["solve_rate"] >= base["solve_rate"] + GAIN,
        f"at least {EPISODES} episodes each": min(base["episodes"], trained["episodes"]) >= EPISODES,
        f"under {MINUTES} minutes": found.seconds < 60 * MINUTES,
        f"sampled log-probs within {PARITY:g} of the trainer's": found.most("optimizer/parity_max") <= PARITY,
    }


def processor_seconds() -> float:
    """What the run and everything below it computed: beside other work the wall time says little."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    sys.exit(main())
