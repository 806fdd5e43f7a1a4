"""Load the models of a rank: the policy, the frozen reference, and the critic."""

from importlib import import_module

import torch
from attrs import frozen
from torch import nn
from transformers import PreTrainedModel

from rlef_deepspeed.parting import load_parted, small
from rlef_deepspeed.recipe import Recipe
from rlef_deepspeed.settings import engine_settings
from rlef_torch.actor import Actor
from rlef_torch.critic import Critic
from rlef_torch.model import DTYPES, checkpoint_activations, load_model
from rlef_torch.team import Team


@frozen
class Models:
    """Copies of the recipe's weights, in the engines' dtype; engines move those that learn. Raises ModelError for an unusable model."""

    recipe: Recipe
    device: torch.device
    team: Team

    def policy(self) -> Actor:
        """Load the model that learns."""
        model, like = self._learning()
        return self._actor(model, like)

    def reference(self) -> Actor:
        """Load the model that stays as it is."""
        actor = self._actor(self._load().requires_grad_(False))
        actor.model.to(self.device)
        return actor

    def critic(self) -> Critic:
        """Load the model that learns values."""
        critic = Critic(self._learning()[0], torch.float32, self.recipe.critic_seed)
        self._cast(critic)
        return critic

    def _load(self) -> PreTrainedModel:
        return load_model(self.recipe.model.path, torch.float32, torch.device("cpu"))  # engines move what they have cast

    def _learning(self) -> tuple[PreTrainedModel, PreTrainedModel | None]:
        # with ZeRO 3 in parts, and a small one that can be called; else whole
        model, like = self._parted()
        model = model or self._load()
        if self.recipe.config.lora_rank is not None:
            import_module("rlef_deepspeed.adapters").adapt(model, self.recipe.config, self.recipe.critic_seed)
        if self.recipe.config.gradient_checkpointing:
            checkpoint_activations(model)
        return model, like

    def _parted(self) -> tuple[PreTrainedModel | None, PreTrainedModel | None]:
        config, path = self.recipe.config, self.recipe.model.path
        like = small(path) if config.zero_stage == 3 else None
        if like is None:
            return None, None
        settings = engine_settings(config, like.get_output_embeddings().in_features, on_gpu=self.device.type == "cuda")
        model = load_parted(path, self._dtype, settings, self.team)
        return model, None if model is None else like

    @property
    def _dtype(self) -> torch.dtype:
        return DTYPES[self.recipe.config.dtype]

    def _actor(self, model: PreTrainedModel, like: PreTrainedModel | None = None) -> Actor:
        # engines hold the weights in their dtype, so nothing is cast on the way
        actor = Actor(model, torch.float32, self.recipe.config.logprob_chunk_tokens, like)
        self._cast(model)
        return actor

    def _cast(self, module: nn.Module) -> None:
        for parameter in module.parameters():  # as engines do: buffers stay in float32
            parameter.data = parameter.data.to(self._dtype)
