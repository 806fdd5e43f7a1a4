"""Load the parts that learners are made of: the policy, its reference, a critic, their steppers, and what updates them."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from attrs import frozen
from torch import nn
from transformers import PreTrainedModel

from rlef_core import Context
from rlef_torch.actor import Actor
from rlef_torch.critic import Critic
from rlef_torch.families import LearningConfig
from rlef_torch.model import DTYPES, checkpoint_activations, choose_device, load_model
from rlef_torch.pupil import LessonT, Pupil
from rlef_torch.returns import Credit
from rlef_torch.steps import AdamStepper
from rlef_torch.updater import Updater


@frozen
class Parts:
    """Copies of a resolved path's weights, on the context's device. Raises ModelError where they cannot be loaded."""

    path: str
    config: LearningConfig
    context: Context

    @property
    def device(self) -> torch.device:
        return choose_device(self.context.devices)

    def policy(self) -> Actor:
        """Load the model that learns."""
        return self._actor(self._learning())

    def reference(self) -> Actor:
        """Load the model that stays as it is."""
        return self._actor(self._load().requires_grad_(False))

    def critic(self) -> Critic:
        """Load the model that learns values."""
        return Critic(self._learning(), DTYPES[self.config.dtype], self.context.seed("critic"))

    def stepper(self, module: nn.Module, forward: Callable[..., Any], rate: float | None = None) -> AdamStepper:
        """Make the stepper of a module whose losses call `forward`, at the policy's step size unless one is given."""
        config = self.config
        rate = rate or config.learning_rate
        return AdamStepper(module, forward, rate, config.warmup_updates, config.weight_decay, config.max_gradient_norm)

    def updater(self, pupils: Mapping[str, Pupil[LessonT]], credit: Credit = "episode") -> Updater[LessonT]:
        """Make what moves the pupils."""
        config = self.config
        return Updater(
            pupils=pupils,
            device=self.device,
            passes=config.passes,
            sequences_per_update=self.context.sequences_per_update,
            micro_batch_tokens=config.micro_batch_tokens,
            span=self.context.span,
            credit=credit,
        )

    def _load(self) -> PreTrainedModel:
        return load_model(self.path, torch.float32, self.device)

    def _learning(self) -> PreTrainedModel:
        model = self._load()
        if self.config.gradient_checkpointing:
            checkpoint_activations(model)
        return model

    def _actor(self, model: PreTrainedModel) -> Actor:
        return Actor(model, DTYPES[self.config.dtype], self.config.logprob_chunk_tokens)
