"""Train every arm of docs/specs/ablations on three seeds and write its figures down as they are.

`proofs/ablations_small.py ARM ... --seeds N ...` runs some of them and writes nothing.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

from record import REPOSITORY, record
from running import run

REFERENCE = "turn"
ARMS = (REFERENCE, "credit-token", "credit-episode", "single-turn", "no-feedback")
SEEDS = (0, 1, 2)
LEARNED = 0.25
"""How far above its base the reference arm must get, whatever the seed; nothing is asked of the others."""


def main(words: Sequence[str]) -> int:
    """Run the arms, print each one's figures, record them if they are all; return 0 if the reference arm learned, where it ran."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("arms", nargs="*", default=ARMS, help="all unless given")
    parser.add_argument("--seeds", nargs="+", type=int, default=list(SEEDS))
    chosen = parser.parse_args(words)
    arms = {}
    for arm in chosen.arms:
        arms[arm] = of_arm({str(seed): of_seed(arm, seed) for seed in chosen.seeds})
        print(f"{arm}: {json.dumps(arms[arm]['figures'])}", flush=True)
    holds = all(learned(each["summary"]) for each in arms.get(REFERENCE, {"seeds": {}})["seeds"].values())
    if set(arms) == set(ARMS) and chosen.seeds == list(SEEDS):
        path = record("ablations-small", holds=holds, seeds=SEEDS, numbers=arms)
        print(f"{'holds' if holds else 'does not hold'}: {path.relative_to(REPOSITORY)}")
    return 0 if holds else 1


def of_seed(arm: str, seed: int) -> Mapping[str, Any]:
    """One run: its summary, wall time in seconds, tokens learned from, solve rate by collection. Raises CalledProcessError if it fails."""
    found = run(f"docs/specs/ablations/{arm}.yaml", f"run.seed={seed}")
    return {
        "seconds": found.seconds,
        "tokens": int(sum(each["rollout/tokens"] for each in found.metrics)),
        "summary": found.summary,
        "solve_rate_by_collection": found.solve_rates,
    }


def of_arm(seeds: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any]:
    """An arm's runs, and mean, least and most over its seeds: wall time, tokens, and solve rates under names that all arms share.

    `feedback`: three turns with true feedback; `single_turn`: three independent answers, one submitted; `as_trained`: the run's `trained`.
    """
    rows = [figures(each) for each in seeds.values()]
    spread = {name: {"mean": round(fmean(values), 4), "least": min(values), "most": max(values)} for name, values in columns(rows).items()}
    return {"figures": spread, "seeds": seeds}


def figures(found: Mapping[str, Any]) -> Mapping[str, float]:
    """One run's row of the table."""
    summary = found["summary"]
    names = {
        "base": "base",
        "as_trained": "trained",
        "feedback": "trained_true_feedback" if "trained_true_feedback" in summary else "trained",
        "single_turn": "trained_single_turn",
    }
    rates = {name: round(summary[entry]["solve_rate"], 4) for name, entry in names.items()}
    first = round(summary[names["feedback"]]["solve_rate_by_turn"][0], 4)
    return {**rates, "feedback_first_turn": first, "seconds": found["seconds"], "tokens": found["tokens"]}


def columns(rows: Sequence[Mapping[str, float]]) -> Mapping[str, list[float]]:
    """The rows' figures by name."""
    return {name: [row[name] for row in rows] for name in rows[0]}


def learned(summary: Mapping[str, Any]) -> bool:
    """The trained policy solves more than the base did, by the bound."""
    return bool(summary["trained"]["solve_rate"] >= summary["base"]["solve_rate"] + LEARNED)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
