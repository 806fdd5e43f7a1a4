"""What a rank learns with: the learner, and the engines that move its pupils."""

from collections.abc import Mapping

import torch
from attrs import frozen
from transformers import PreTrainedTokenizerFast

from rlef_deepspeed.stepper import EngineStepper
from rlef_torch.rewarded import RewardedLearner
from rlef_torch.team import Team


@frozen(eq=False)
class Learning:
    """A rank's learner; its steppers are known by the names of their pupils."""

    learner: RewardedLearner
    steppers: Mapping[str, EngineStepper]
    tokenizer: PreTrainedTokenizerFast
    team: Team
    device: torch.device
