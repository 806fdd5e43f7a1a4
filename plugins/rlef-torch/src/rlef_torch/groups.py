"""Compare the episodes of one task with one another: baselines and advantages without a critic.

A group is the episodes of one task in one collection, known by the task and collection in its episodes' ids. Returns are
best given in float64: the rounding of a float32 mean, divided by a deviation of the same size, is no small advantage.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from rlef_torch.kl import KlEstimator
from rlef_torch.returns import Scores, Targets, check_scores, penalised_rewards, turn_means

Baseline = Callable[[Tensor], tuple[Tensor, Tensor]]
"""From a group's returns [episodes] to baselines and advantages, [episodes] each."""


def groups_of(episodes: Sequence[Any]) -> list[list[int]]:
    """Return the indexes of each group, in order of first appearance; `episodes` are the collection's episode ids."""
    groups: dict[Any, list[int]] = {}
    for index, episode in enumerate(episodes):
        groups.setdefault((episode.collection, episode.task), []).append(index)
    return list(groups.values())


def group_targets(
    batch: Sequence[Scores],
    groups: Sequence[Sequence[int]],
    baseline: Baseline,
    *,
    kl_coefficient: float = 0.0,
    kl_estimator: KlEstimator = "k1",
) -> list[Targets]:
    """Return the targets of every trajectory of a collection, in order: one advantage for each, from the others of its group.

    `batch` is the whole collection and `groups` the indexes of each group; a return is the sum of an episode's rewards, and
    `baseline` says what it is compared with. Gradients do not flow through. Raises ValueError as `learning_targets` does.
    """
    for number, scores in enumerate(batch):
        check_scores(number, scores, None)
    with torch.no_grad():
        rewards = [penalised_rewards(each, credit="turn", kl_coefficient=kl_coefficient, kl_estimator=kl_estimator) for each in batch]
        returns = torch.stack([each.double().sum() for each in rewards])
        baselines, advantages = over_groups(returns, groups, baseline)
        columns = [column.to(rewards[0].dtype) for column in (returns, baselines, advantages)]
        return [
            Targets(
                kl=turn_means(scores.logprobs_old - scores.logprobs_reference, scores.lengths),
                rewards=rewards[i],
                returns=columns[0][i : i + 1],
                baselines=columns[1][i : i + 1],
                advantages=columns[2][i : i + 1],
                token_advantages=columns[2][i : i + 1].repeat(sum(scores.lengths)),
            )
            for i, scores in enumerate(batch)
        ]


def group_mean(returns: Tensor, *, divide: bool = True, epsilon: float = 1e-8) -> tuple[Tensor, Tensor]:
    """Return GRPO's baselines and advantages of a group: R - mean(R), over its population standard deviation if `divide`.

    A group of one, like one of equal returns, has advantages of 0.
    """
    baseline = returns.mean().expand_as(returns)
    advantages = returns - baseline
    deviation = advantages.square().mean().sqrt()
    return baseline, advantages / (deviation + epsilon) if divide else advantages


def leave_one_out(returns: Tensor) -> tuple[Tensor, Tensor]:
    """Return RLOO's baselines and advantages of a group: each return less the mean of the others; they add up to 0.

    A group of one has a baseline of its own return, and so an advantage of 0.
    """
    if len(returns) == 1:
        return returns, torch.zeros_like(returns)
    baseline = (returns.sum() - returns) / (len(returns) - 1)
    return baseline, returns - baseline


def over_groups(returns: Tensor, groups: Sequence[Sequence[int]], baseline: Baseline) -> tuple[Tensor, Tensor]:
    """Return the baselines and advantages of a collection's episodes, [episodes] each, from its `returns` [episodes]."""
    found = [torch.zeros_like(returns) for _ in range(2)]
    for group in groups:
        for whole, part in zip(found, baseline(returns[list(group)]), strict=True):
            whole[list(group)] = part
    return found[0], found[1]


def equal(returns: Sequence[float]) -> bool:
    """Return whether the returns are all the same and finite; a single one is."""
    return math.isfinite(returns[0]) and len(set(returns)) == 1
