"""Load the models of a rank: the policy, the frozen reference, and the critic."""

from importlib import import_module

import torch
from attrs import frozen
from transformers import PreTrainedModel

from rlef_deepspeed.recipe import Recipe
from rlef_torch.actor import Actor
from rlef_torch.critic import Critic
from rlef_torch.model import DTYPES, checkpoint_activations, load_model


@frozen
class Models:
    """Copies of the recipe's weights on a device. Raises ModelError where they cannot be loaded."""

    recipe: Recipe
    device: torch.device

    def policy(self) -> Actor:
        """Load the model that learns."""
        return self._actor(self._learning())

    def reference(self) -> Actor:
        """Load the model that stays as it is, in the engines' dtype, so that it gives what the policy gave at first."""
        actor = self._actor(self._load().requires_grad_(False))
        for parameter in actor.model.parameters():  # as engines do: buffers stay in float32
            parameter.data = parameter.data.to(DTYPES[self.recipe.config.dtype])
        return actor

    def critic(self) -> Critic:
        """Load the model that learns values."""
        return Critic(self._learning(), torch.float32, self.recipe.critic_seed)

    def _load(self) -> PreTrainedModel:
        return load_model(self.recipe.model.path, torch.float32, self.device)

    def _learning(self) -> PreTrainedModel:
        model = self._load()
        if self.recipe.config.lora_rank is not None:
            import_module("rlef_deepspeed.adapters").adapt(model, self.recipe.config, self.recipe.critic_seed)
        if self.recipe.config.gradient_checkpointing:
            checkpoint_activations(model)
        return model

    def _actor(self, model: PreTrainedModel) -> Actor:
        # engines hold the weights in their dtype, so nothing is cast on the way
        return Actor(model, torch.float32, self.recipe.config.logprob_chunk_tokens)
