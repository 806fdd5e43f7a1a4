"""Show what `training.max_staleness` gives and costs: rounds as long as the longer of play and update, and solve rates as without it."""

import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from itertools import product
from pathlib import Path
from statistics import mean
from typing import Any

from record import REPOSITORY, record
from running import Outcome, run

import rlef_core
from rlef_core.training.journal import read_journal
from rlef_core.training.session import Session

STALENESS = (0, 1, 4)
SEEDS = (0, 1, 2)
LEARNING = "docs/specs/quickstart.yaml"
LESS = ("evaluation.single_turn=false", "evaluation.feedback={}")
WITHIN = 0.10
"""How far a solve rate may be from that of staleness 0."""
WAITING = Path(__file__).parent / "waiting.yaml"
UPDATES = (0.5, 1.0, 2.0)
"""Seconds that the simulated optimizer takes; the simulated policy plays a collection in about one."""
COLLECTIONS = 10
WARM = 2
"""Rounds at the beginning that are left out: for the first, nothing was played ahead."""
OVER = 1.10
"""How much longer than the longer of play and update a round may be."""


def main() -> int:
    """Measure both parts, or the one that is named (`times`, `learning`), record each, and return 0 if every bound holds."""
    parts: dict[str, Callable[[], dict[str, Any]]] = {"times": times, "learning": learning}
    held = [recorded(name, parts[name]()) for name in sys.argv[1:] or parts]
    return 0 if all(held) else 1


def recorded(name: str, numbers: Mapping[str, Any]) -> bool:
    """Record a part; whether all its bounds hold."""
    holds = all(numbers["bounds"].values())
    path = record(f"staleness-{name}", holds=holds, seeds=SEEDS if name == "learning" else (), numbers=numbers)
    print(f"{'holds' if holds else 'does not hold'}: {path.relative_to(REPOSITORY)}")
    return holds


def times(collections: int = COLLECTIONS, warm: int = WARM) -> dict[str, Any]:
    """Rounds of engines that wait: for each of UPDATES, and each staleness, what a round takes beside play and update."""
    rows = [row(update, {staleness: waited(update, staleness, collections, warm) for staleness in STALENESS}) for update in UPDATES]
    return {"bounds": bounds_of_times(rows), "rows": rows}


def waited(update: float, staleness: int, collections: int, warm: int) -> Mapping[str, float]:
    """Means over a run's rounds but the first and the last: their seconds, and what is in them."""
    sets = (f"optimizer.seconds={update}", f"training.max_staleness={staleness}", f"training.updates={collections}")
    with tempfile.TemporaryDirectory(prefix="rlef-proof-") as folder:
        rlef_core.run(WAITING, [*sets, f"run.directory={folder}/run"], session=Session(lambda line: None))
        rounds = [line["metrics"] for line in read_journal(Path(folder) / "run" / "metrics.jsonl")][warm:-1]
    names = ("loop/seconds", "rollout/seconds", "optimizer/seconds", "rollout/staleness")
    return {name: round(mean(each[name] for each in rounds), 4) for name in names}


def row(update: float, found: Mapping[int, Mapping[str, float]]) -> dict[str, Any]:
    """What rounds take by staleness; play is what it takes in turn with the updates."""
    play, learn = found[0]["rollout/seconds"], found[0]["optimizer/seconds"]
    ratios = {
        str(staleness): {
            "round_over_longer": round(each["loop/seconds"] / max(play, learn), 3),
            "round_over_sum": round(each["loop/seconds"] / (play + learn), 3),
            **each,
        }
        for staleness, each in found.items()
    }
    return {"update_seconds": update, "play_seconds": play, "by_staleness": ratios}


def bounds_of_times(rows: Sequence[Mapping[str, Any]]) -> Mapping[str, bool]:
    """What overlap is to reach, and that without it a round is the sum."""
    ratios = {(row["update_seconds"], staleness): each for row in rows for staleness, each in row["by_staleness"].items()}
    return {
        f"in turn, a round is play and update, within {OVER - 1:.0%}": all(
            1 / OVER <= each["round_over_sum"] <= OVER for (_, staleness), each in ratios.items() if staleness == "0"
        ),
        f"ahead, a round is at most {OVER - 1:.0%} longer than the longer of the two": all(
            each["round_over_longer"] <= OVER for (_, staleness), each in ratios.items() if staleness != "0"
        ),
    }


def learning(seeds: Sequence[int] = SEEDS, *settings: str) -> dict[str, Any]:
    """Runs of the tiny task at equal episodes, for each seed and staleness."""
    runs: dict[str, dict[str, Any]] = {str(staleness): {} for staleness in STALENESS}
    for seed, staleness in product(seeds, STALENESS):
        found = run(LEARNING, f"run.seed={seed}", f"training.max_staleness={staleness}", *LESS, *settings)
        runs[str(staleness)][str(seed)] = learnt(found)
    means = {staleness: round(mean(each["solve_rate"] for each in found.values()), 4) for staleness, found in runs.items()}
    return {"bounds": bounds_of_learning(runs, means), "solve_rate": means, "runs": runs}


def learnt(found: Outcome) -> dict[str, Any]:
    """What a run came to, and by what."""
    return {
        "solve_rate": found.summary["trained"]["solve_rate"],
        "base": found.summary["base"]["solve_rate"],
        "episodes": int(sum(each["rollout/episodes"] + each["rollout/faults"] for each in found.metrics)),
        "seconds": found.seconds,
        "staleness": found.mean("rollout/staleness"),
        "staleness_max": found.most("rollout/staleness_max"),
        "importance_weight": found.mean("optimizer/importance_weight"),
        "round_seconds": found.mean("loop/seconds"),
        "solve_rate_by_collection": found.solve_rates,
    }


def bounds_of_learning(runs: Mapping[str, Mapping[str, Any]], means: Mapping[str, float]) -> Mapping[str, bool]:
    """What staleness may cost, at equal episodes, and that there was as much as was allowed and no more."""
    each = [(int(staleness), found) for staleness, by_seed in runs.items() for found in by_seed.values()]
    close = {
        f"staleness {staleness} within {WITHIN:.2f} solve rate of 0": abs(rate - means["0"]) <= WITHIN
        for staleness, rate in means.items()
        if staleness != "0"
    }
    return {
        **close,
        "equal episodes": len({found["episodes"] for _, found in each}) == 1,
        "no token older than allowed": all(found["staleness_max"] <= staleness for staleness, found in each),
        "tokens as old as allowed": all(found["staleness_max"] == staleness for staleness, found in each),
    }


if __name__ == "__main__":
    sys.exit(main())
