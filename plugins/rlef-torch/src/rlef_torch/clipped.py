"""Make PPO's learner of the models and steppers of any engine: a clipped policy loss beside a critic's."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import torch
from torch import Tensor, nn

from rlef_core import Trajectory
from rlef_torch.actor import Actor, LogProbs
from rlef_torch.batch import Batch
from rlef_torch.families import GrpoConfig, PpoConfig
from rlef_torch.lessons import Lesson, Scorer
from rlef_torch.losses import PolicyStatistics, ValueStatistics, policy_loss, value_loss
from rlef_torch.penalty import Penalty
from rlef_torch.pupil import Pupil
from rlef_torch.returns import Credit, Scores, Targets, learning_targets
from rlef_torch.rewarded import PolicyLoss, RewardedLearner
from rlef_torch.steps import Stepper
from rlef_torch.updater import Updater


def learner_of(
    config: PpoConfig,
    *,
    policy: Actor,
    policy_stepper: Stepper,
    critic_stepper: Stepper,
    reference: LogProbs,
    fixed: Sequence[nn.Module],
    updater: Callable[[Mapping[str, Pupil[Lesson]], Credit], Updater[Lesson]],
) -> RewardedLearner:
    """Return a learner over models and steppers of any engine; `updater` makes what moves its pupils."""
    penalty = Penalty(config, config.kl_coefficient)
    pupils = {
        "policy": Pupil(
            stepper=policy_stepper,
            loss=PolicyLoss(policy_stepper.forward, penalty, partial(surrogate, config)),
            count=lambda lesson: len(lesson.behaviour),
            after=config.critic_warmup_updates,
        ),
        "critic": Pupil(
            stepper=critic_stepper,
            loss=partial(_value_loss, config, critic_stepper.forward),
            count=lambda lesson: len(lesson.targets.returns),
            factor=config.value_coefficient,
        ),
    }
    moves = updater(pupils, config.credit)
    forward, value = policy_stepper.forward, critic_stepper.forward
    return RewardedLearner(
        policy=policy,
        fixed=fixed,
        scorer=Scorer(forward, reference, value, moves.device, config.credit, config.micro_batch_tokens, moves.team),
        penalty=penalty,
        updater=moves,
        targets=partial(_targets, config),
    )


def surrogate(
    config: PpoConfig | GrpoConfig, lessons: Sequence[Lesson], logprobs: Tensor, entropy: Tensor
) -> tuple[Tensor, PolicyStatistics]:
    """Return the clipped surrogate of the lessons' tokens, as `policy_loss` does."""
    return policy_loss(
        logprobs,
        torch.cat([lesson.scores.logprobs_old for lesson in lessons]),
        torch.cat([lesson.behaviour for lesson in lessons]),
        torch.cat([lesson.targets.token_advantages for lesson in lessons]),
        importance=config.importance,
        clip=(config.clip_low, config.clip_high),
        weights=torch.cat([lesson.weights for lesson in lessons]),
        entropy=entropy,
    )


def _value_loss(
    config: PpoConfig, critic: Callable[[Batch], Tensor], lessons: Sequence[Lesson], batch: Batch
) -> tuple[Tensor, ValueStatistics]:
    old = torch.cat([lesson.targets.baselines for lesson in lessons])
    returns = torch.cat([lesson.targets.returns for lesson in lessons])
    return value_loss(critic(batch), old, returns, clip=config.value_clip)


def _targets(config: PpoConfig, collection: Sequence[Trajectory], scores: Sequence[Scores], kl_coefficient: float) -> list[Targets]:
    return learning_targets(
        scores, credit=config.credit, kl_coefficient=kl_coefficient, kl_estimator=config.kl_estimator, gamma=config.gamma
    )
