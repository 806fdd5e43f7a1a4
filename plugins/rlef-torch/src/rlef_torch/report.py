"""Put figures to what an optimizer did: metrics of a collection and of its updates, and one report a turn."""

from collections.abc import Iterable, Mapping, Sequence

import torch

from rlef_core import TurnReport
from rlef_torch.lessons import Lesson
from rlef_torch.losses import importance_weights
from rlef_torch.pupil import PupilResult
from rlef_torch.returns import Credit, explained_variance, over_tokens, turn_means

_NAMES = {
    "policy": {"loss": "policy_loss", "norm": "policy_gradient_norm"},
    "critic": {"loss": "value_loss", "norm": "critic_gradient_norm"},
}
_STATISTICS = {
    "policy": {"entropy": "entropy", "kl": "drift", "clipped": "clip_share", "weight": "importance_weight", "penalty": "kl_loss"},
    "critic": {"clipped": "value_clip_share"},
}


def step_metrics(results: Sequence[Mapping[str, PupilResult]], rate: float) -> dict[str, float]:
    """Return the metrics of a collection's updates by name, means over them; those of a pupil that stood still are absent.

    `rate` is the policy's step size; without updates it is that of a collection before, which a resumed run does not know, and absent.
    """
    metrics = {"optimizer/learning_rate": rate} if results else {}
    for name, names in _NAMES.items():
        taken = [result[name] for result in results if name in result]
        if not taken:
            continue
        figures = {to: [getattr(result, what) for result in taken if getattr(result, what) is not None] for what, to in names.items()}
        metrics |= {f"optimizer/{to}": _mean(found) for to, found in figures.items() if found}
        means = [result.statistics.means() for result in taken]
        metrics |= {f"optimizer/{to}": _mean(mean[what] for mean in means) for what, to in _STATISTICS[name].items() if what in means[0]}
    return metrics


def rewarded_metrics(lessons: Sequence[Lesson]) -> dict[str, float]:
    """Return the metrics of a collection before its updates, by name; those of a critic where there is one."""
    returns = torch.cat([lesson.targets.returns for lesson in lessons])
    metrics = {
        "optimizer/kl": float(torch.cat([lesson.targets.kl for lesson in lessons]).mean()),
        "optimizer/return": float(returns.mean()),
    }
    values = [lesson.scores.values for lesson in lessons if lesson.scores.values is not None]
    if values:
        metrics["optimizer/explained_variance"] = explained_variance(torch.cat(values), returns)
        metrics["optimizer/value"] = float(torch.cat(values).mean())
    return metrics


def parity_metrics(lessons: Sequence[Lesson], version: int, bound: float) -> dict[str, float]:
    """Return by name how far the trainer's log-probs are from the sampler's, at the tokens sampled by the weights of `version`.

    The trainer must still have these weights. Without such tokens there is nothing to compare, and the metrics are absent.
    """
    gaps = torch.cat([(lesson.scores.logprobs_old - lesson.behaviour).abs()[_sampled_by(lesson, version)] for lesson in lessons])
    if not len(gaps):
        return {}
    found = {"mean": gaps.mean(), "max": gaps.max(), "share": (gaps > bound).float().mean()}
    return {f"optimizer/parity_{name}": float(value) for name, value in found.items()}


def turn_reports(lessons: Sequence[Lesson], credit: Credit) -> tuple[TurnReport, ...]:
    """Return one report a turn, in order; with credit `token` or `episode`, figures are means over the turn's tokens.

    The value is what the return is compared with: the critic's, or the group's baseline.
    """
    return tuple(report for lesson in lessons for report in _turns(lesson, credit))


def _turns(lesson: Lesson, credit: Credit) -> Iterable[TurnReport]:
    lengths, targets = lesson.scores.lengths, lesson.targets
    per_position = (targets.baselines, targets.returns, targets.advantages)
    value, return_, advantage = (_of_turns(each, lengths, credit) for each in per_position)
    old = lesson.scores.logprobs_old
    weight = turn_means(importance_weights(old, old, lesson.behaviour, "old"), lengths).tolist()
    kl = targets.kl.tolist()
    for turn in range(len(lengths)):
        yield TurnReport(lesson.trajectory.episode, turn, value[turn], kl[turn], return_[turn], advantage[turn], weight[turn])


def _of_turns(per_position: torch.Tensor, lengths: Sequence[int], credit: Credit) -> list[float]:
    turns = per_position if credit == "turn" else turn_means(over_tokens(per_position, lengths, credit), lengths)
    return [float(value) for value in turns.tolist()]


def _sampled_by(lesson: Lesson, version: int) -> torch.Tensor:
    versions = [each for turn in lesson.trajectory.turns for each in lesson.trajectory.versions[turn.start : turn.stop]]
    return torch.tensor(versions, device=lesson.behaviour.device) == version


def _mean(values: Iterable[float]) -> float:
    found = list(values)
    return sum(found) / len(found)
