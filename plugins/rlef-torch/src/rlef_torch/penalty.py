"""Hold the KL penalty of a run: where it stands, how it is estimated, and its coefficient, which may follow a target."""

from collections.abc import Sequence

import torch
from attrs import define
from torch import Tensor

from rlef_torch.families import RewardedConfig
from rlef_torch.kl import DEFAULT_HORIZON, adapted, kl_losses
from rlef_torch.lessons import Lesson
from rlef_torch.losses import weighted_sum


@define
class Penalty:
    """`coefficient` is that of the next collection."""

    config: RewardedConfig
    coefficient: float

    @property
    def in_reward(self) -> float:
        """The coefficient of the penalty in the reward; 0 where it stands in the loss."""
        return self.coefficient if self.config.kl_in == "reward" else 0.0

    @property
    def in_loss(self) -> float:
        """The coefficient of the penalty in the loss; 0 where it stands in the reward."""
        return self.coefficient if self.config.kl_in == "loss" else 0.0

    def loss(self, lessons: Sequence[Lesson], logprobs: Tensor) -> tuple[Tensor, Tensor]:
        """Return the sums over tokens of the weighted KL, with gradient, and of the KL as it is, without; both without the coefficient."""
        reference = torch.cat([lesson.scores.logprobs_reference for lesson in lessons])
        kl = kl_losses(logprobs, reference, self.config.kl_estimator)
        return weighted_sum(kl, torch.cat([lesson.weights for lesson in lessons])), kl.detach().sum()

    def adapt(self, measured: float, episodes: int) -> None:
        """Move the coefficient towards the target, if there is one, after a collection of so many episodes."""
        if self.config.kl_target is not None:
            horizon = self.config.kl_horizon or DEFAULT_HORIZON
            self.coefficient = adapted(self.coefficient, measured, target=self.config.kl_target, horizon=horizon, episodes=episodes)
