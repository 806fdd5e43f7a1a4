"""Put figures to what an optimizer did: metrics of a collection's updates, and one report a turn."""

from collections.abc import Iterable, Sequence

import torch
from attrs import frozen

from rlef_core import TurnReport
from rlef_torch.batching import micro_batches, padding_share
from rlef_torch.config import PpoConfig
from rlef_torch.lessons import Lesson
from rlef_torch.losses import PolicyStatistics, ValueStatistics, importance_weights
from rlef_torch.returns import Credit, explained_variance, over_tokens, turn_means


@frozen(eq=False)
class UpdateResult:
    """Losses, statistics and gradient norms (before scaling) of one update; `policy` is None while the critic warms up."""

    policy_loss: float
    value_loss: float
    policy: PolicyStatistics | None
    value: ValueStatistics
    policy_norm: float
    critic_norm: float


def metrics_of(lessons: Sequence[Lesson], results: Sequence[UpdateResult], config: PpoConfig) -> dict[str, float]:
    """Return the metrics of a collection by name; those of updates are means over them."""
    return _collection_metrics(lessons, config) | _value_metrics(results) | _policy_metrics(results)


def turn_reports(lessons: Sequence[Lesson], credit: Credit) -> tuple[TurnReport, ...]:
    """Return one report a turn, in order; with credit `token` or `episode`, figures are means over the turn's tokens."""
    return tuple(report for lesson in lessons for report in _turns(lesson, credit))


def _turns(lesson: Lesson, credit: Credit) -> Iterable[TurnReport]:
    lengths, targets = lesson.scores.lengths, lesson.targets
    per_position = (lesson.scores.values, targets.returns, targets.advantages)
    value, return_, advantage = (_of_turns(each, lengths, credit) for each in per_position)
    old = lesson.scores.logprobs_old
    weight = turn_means(importance_weights(old, old, lesson.behaviour, "old"), lengths).tolist()
    kl = targets.kl.tolist()
    for turn in range(len(lengths)):
        yield TurnReport(lesson.trajectory.episode, turn, value[turn], kl[turn], return_[turn], advantage[turn], weight[turn])


def _of_turns(per_position: torch.Tensor, lengths: Sequence[int], credit: Credit) -> list[float]:
    turns = per_position if credit == "turn" else turn_means(over_tokens(per_position, lengths, credit), lengths)
    return [float(value) for value in turns.tolist()]


def _collection_metrics(lessons: Sequence[Lesson], config: PpoConfig) -> dict[str, float]:
    old = torch.cat([lesson.scores.logprobs_old for lesson in lessons])
    behaviour = torch.cat([lesson.behaviour for lesson in lessons])
    values = torch.cat([lesson.scores.values for lesson in lessons])
    returns = torch.cat([lesson.targets.returns for lesson in lessons])
    parity = (old - behaviour).abs()
    lengths = [len(lesson.trajectory.ids) for lesson in lessons]
    return {
        "optimizer/kl": float(torch.cat([lesson.targets.kl for lesson in lessons]).mean()),
        "optimizer/explained_variance": explained_variance(values, returns),
        "optimizer/return": float(returns.mean()),
        "optimizer/value": float(values.mean()),
        "optimizer/parity_mean": float(parity.mean()),
        "optimizer/parity_max": float(parity.max()),
        "optimizer/padding_share": padding_share(lengths, micro_batches(lengths, token_budget=config.micro_batch_tokens)),
    }


def _value_metrics(results: Sequence[UpdateResult]) -> dict[str, float]:
    return {
        "optimizer/value_loss": _mean(result.value_loss for result in results),
        "optimizer/value_clip_share": _mean(result.value.means()["clipped"] for result in results),
        "optimizer/critic_gradient_norm": _mean(result.critic_norm for result in results),
    }


def _policy_metrics(results: Sequence[UpdateResult]) -> dict[str, float]:
    taken = [(result, result.policy.means()) for result in results if result.policy]
    if not taken:
        return {}
    return {
        "optimizer/policy_loss": _mean(result.policy_loss for result, _ in taken),
        "optimizer/policy_gradient_norm": _mean(result.policy_norm for result, _ in taken),
        "optimizer/entropy": _mean(means["entropy"] for _, means in taken),
        "optimizer/drift": _mean(means["kl"] for _, means in taken),
        "optimizer/clip_share": _mean(means["clipped"] for _, means in taken),
        "optimizer/importance_weight": _mean(means["weight"] for _, means in taken),
    }


def _mean(values: Iterable[float]) -> float:
    found = list(values)
    return sum(found) / len(found)
