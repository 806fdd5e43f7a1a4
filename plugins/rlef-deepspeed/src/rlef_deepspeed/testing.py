"""Make collections to learn from, and compare what was learnt, for tests of ranks and for the processes that they start."""

from collections.abc import Mapping
from typing import Any, Protocol

import torch
from attrs import evolve
from torch import Tensor

from rlef_core import EpisodeId, Trajectory, TurnSpan, UpdateReport
from rlef_deepspeed.rank import Rank
from rlef_deepspeed.weights import weights_of
from rlef_deepspeed.whole import exact

FAST: Mapping[str, Any] = {"learning_rate": 1e-3, "warmup_updates": 3, "micro_batch_tokens": 60}
TOLERANCE = 1e-5
"""How far float32 weights may be from those of `ppo` after six updates that moved them by 5e-3."""


class Learns(Protocol):
    """A rank, or a learner of rlef-torch."""

    def learn(self, collection: tuple[Trajectory, ...], seed: int, version: int, /) -> UpdateReport: ...


def trajectory(number: int, lengths: list[tuple[int, int]]) -> Trajectory:
    """Random ids: for each turn so many prompt ids and so many sampled ones."""
    generator = torch.Generator().manual_seed(number)
    ids = torch.randint(300, (sum(map(sum, lengths)),), generator=generator).tolist()
    trained: list[bool] = []
    turns = []
    for turn, (prompt, answer) in enumerate(lengths):
        trained += [False] * prompt + [True] * answer
        turns.append(TurnSpan(len(trained) - answer, len(trained), float((number + turn) % 3 - 1)))
    logprobs = [-5.0 - 0.1 * (place % 7) if own else 0.0 for place, own in enumerate(trained)]
    episode = EpisodeId("train", 0, f"task-{number}", 0)
    return Trajectory(episode, tuple(ids), tuple(trained), tuple(logprobs), tuple(own - 1 for own in trained), tuple(turns), 1.0)


SHAPES = [[(3, 4)], [(5, 2), (3, 6)], [(2, 3), (4, 1), (3, 5)], [(20, 9)]]
COLLECTION = tuple(trajectory(number, SHAPES[number % 4]) for number in range(8))


def poisoned() -> tuple[Trajectory, ...]:
    """A collection with a reward that makes every advantage, and so the loss, not a number."""
    healthy = COLLECTION[0]
    return (*COLLECTION[1:], evolve(healthy, turns=(evolve(healthy.turns[0], reward=float("nan")),)))


def weights(rank: Rank) -> dict[str, Tensor]:
    """Those of the policy and the critic that steps move, in float32."""
    steppers = rank.learning.steppers.items()
    return {f"{name}.{each.name}": each.read(exact).clone() for name, stepper in steppers for each in weights_of(stepper.module)}


def moments(rank: Rank) -> dict[str, Tensor]:
    """AdamW's, and its steps, of the policy and the critic."""
    return {f"{name}.{key}": each.clone() for name, stepper in rank.learning.steppers.items() for key, each in stepper.state().items()}


def distance(first: dict[str, Tensor], second: dict[str, Tensor]) -> float:
    """Return the greatest difference between two numbers at one place of tensors by the same names."""
    assert first.keys() == second.keys()
    return max(float((first[name].float() - second[name].float()).abs().max()) for name in first)


def learn(learner: Learns, *seeds: int) -> dict[str, float]:
    """Learn from the collection once for each seed; returns the last metrics."""
    metrics: dict[str, float] = {}
    for seed in seeds:
        metrics = dict(learner.learn(COLLECTION, seed, 0).metrics)
    return metrics
