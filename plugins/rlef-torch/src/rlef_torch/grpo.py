"""The optimizer `grpo`: a clipped policy loss whose advantages compare the episodes of one task (arXiv 2402.03300)."""

from functools import partial

from rlef_core import Context
from rlef_torch.clipped import surrogate
from rlef_torch.families import GrpoConfig
from rlef_torch.grouped import make_grouped
from rlef_torch.groups import group_mean
from rlef_torch.rewarded import RewardedLearner


def make_grpo(path: str, config: GrpoConfig, context: Context) -> RewardedLearner:
    """Return a learner over two copies of a resolved path's weights: the policy and the frozen reference."""
    baseline = partial(group_mean, divide=config.divide_by_deviation)
    return make_grouped(path, config, context, baseline=baseline, loss=partial(surrogate, config), average=config.average)
