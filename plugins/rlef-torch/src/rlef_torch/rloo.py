"""The optimizer `rloo`: REINFORCE on whole episodes, each compared with the others of its task (arXiv 2402.14740)."""

from collections.abc import Sequence
from functools import partial

import torch
from torch import Tensor

from rlef_core import Context
from rlef_torch.families import RlooConfig
from rlef_torch.grouped import make_grouped
from rlef_torch.groups import leave_one_out
from rlef_torch.lessons import Lesson
from rlef_torch.losses import ReinforceStatistics, reinforce_loss
from rlef_torch.rewarded import RewardedLearner


def make_rloo(path: str, config: RlooConfig, context: Context) -> RewardedLearner:
    """Return a learner over two copies of a resolved path's weights: the policy and the frozen reference."""
    return make_grouped(path, config, context, baseline=leave_one_out, loss=partial(_reinforce, config))


def _reinforce(config: RlooConfig, lessons: Sequence[Lesson], logprobs: Tensor, entropy: Tensor) -> tuple[Tensor, ReinforceStatistics]:
    return reinforce_loss(
        logprobs,
        torch.cat([lesson.scores.logprobs_old for lesson in lessons]),
        torch.cat([lesson.behaviour for lesson in lessons]),
        torch.cat([lesson.targets.token_advantages for lesson in lessons]),
        importance=config.importance,
        weights=torch.cat([lesson.weights for lesson in lessons]),
        entropy=entropy,
    )
