"""Solve rates of played episodes: 1@k for episodes of k turns, by turn, and for independent first answers (paper, section 3)."""

import math
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from rlef_core.errors import TooManyFaults
from rlef_core.records import Episode


def solve_rates(episodes: Sequence[Episode], turn_limit: int) -> Mapping[str, Any]:
    """`solve_rate` (n turns count as one sample each: 1@n), `solve_rate_by_turn` (solved and stopped at turn 1..n, cumulative), `interval`
    (Wilson, 95 %), `episodes`, `turns` (mean)."""
    solved = sum(episode.solved for episode in episodes)
    by_turn = [sum(episode.solved and len(episode.turns) <= turn for episode in episodes) for turn in range(1, turn_limit + 1)]
    return {
        **_rate(solved, len(episodes)),
        "solve_rate_by_turn": [count / len(episodes) for count in by_turn],
        "turns": sum(len(episode.turns) for episode in episodes) / len(episodes),
    }


def single_turn_rates(episodes: Sequence[Episode], answers: int) -> Mapping[str, Any]:
    """`answers` independent first answers a task, one submitted: the first that passed the public cases, else the last.

    `solve_rate_by_turn` is what one, two, ... answers would reach.
    """
    groups = groupby(sorted(episodes, key=lambda e: e.id), key=lambda e: (e.id.task, e.id.number // answers))
    full = [group for group in (list(group) for _, group in groups) if len(group) == answers]
    if not full:
        raise TooManyFaults(f"no task kept all of its {answers} answers: every one lost some to faults; see faults.jsonl")
    counts = [sum(_submitted(group[:budget]).solved for group in full) for budget in range(1, answers + 1)]
    return {**_rate(counts[-1], len(full)), "solve_rate_by_turn": [count / len(full) for count in counts], "turns": float(answers)}


def wilson(successes: int, total: int, z: float = 1.959964) -> tuple[float, float]:
    """The Wilson score interval of a share; `z` 1.96 is 95 %. Better than the normal one for few hundreds of episodes (2503.01747)."""
    rate, spread = successes / total, z * z / total
    middle = rate + spread / 2
    half = z * math.sqrt(rate * (1 - rate) / total + spread / (4 * total))
    return max(0.0, (middle - half) / (1 + spread)), min(1.0, (middle + half) / (1 + spread))


def _submitted(answers: Sequence[Episode]) -> Episode:
    return next((episode for episode in answers if episode.public_passed), answers[-1])


def _rate(solved: int, total: int) -> dict[str, Any]:
    return {"solve_rate": solved / total, "interval": list(wilson(solved, total)), "episodes": total}
