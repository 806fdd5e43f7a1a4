"""Make a learner without a critic, whose baseline is what the other episodes of a task earned."""

from collections.abc import Sequence
from functools import partial
from typing import Literal

from rlef_core import Context, Trajectory
from rlef_torch.families import RewardedConfig
from rlef_torch.groups import Baseline, group_targets, groups_of
from rlef_torch.lessons import Lesson, Scorer
from rlef_torch.parts import Parts
from rlef_torch.penalty import Penalty
from rlef_torch.pupil import Pupil
from rlef_torch.returns import Scores, Targets
from rlef_torch.rewarded import PolicyLoss, RewardedLearner, TokenLoss

SMALLEST_GROUP = 2
"""A group of one, left by faults, has nothing to be compared with; the updates leave it out."""


def make_grouped(
    path: str,
    config: RewardedConfig,
    context: Context,
    *,
    baseline: Baseline,
    loss: TokenLoss,
    average: Literal["token", "sequence"] = "token",
) -> RewardedLearner:
    """Return a learner over two copies of a resolved path's weights: the policy and the frozen reference."""
    parts = Parts(path, config, context)
    policy, reference = parts.policy(), parts.reference()
    penalty = Penalty(config, config.kl_coefficient)
    pupil: Pupil[Lesson] = Pupil(
        stepper=parts.stepper(policy.model, policy.logprobs),
        loss=PolicyLoss(policy.logprobs, penalty, loss),
        count=lambda lesson: len(lesson.behaviour) if average == "token" else 1,
    )
    return RewardedLearner(
        policy=policy,
        fixed=(reference.model,),
        scorer=Scorer(policy.logprobs, reference.logprobs, None, parts.device, "episode", config.micro_batch_tokens),
        penalty=penalty,
        updater=parts.updater({"policy": pupil}),
        targets=partial(_targets, config, baseline),
        average=average,
        least_group=SMALLEST_GROUP,
    )


def _targets(
    config: RewardedConfig, baseline: Baseline, collection: Sequence[Trajectory], scores: Sequence[Scores], kl_coefficient: float
) -> list[Targets]:
    groups = groups_of([trajectory.episode for trajectory in collection])
    return group_targets(scores, groups, baseline, kl_coefficient=kl_coefficient, kl_estimator=config.kl_estimator)
