"""Make the value function: the policy's initial weights under a fresh linear head (paper, section 2.2)."""

import math

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from rlef_torch.actor import hidden_states, precision
from rlef_torch.batch import Batch


class Critic(nn.Module):
    """A causal model whose output layer is replaced by a linear head, drawn from `seed`, to one value for each place."""

    def __init__(self, model: PreTrainedModel, dtype: torch.dtype, seed: int) -> None:
        super().__init__()
        width: int = model.get_output_embeddings().in_features
        generator = torch.Generator().manual_seed(seed)
        self.backbone = model.base_model
        self.head = nn.Linear(width, 1)
        nn.init.normal_(self.head.weight, std=1 / math.sqrt(width + 1), generator=generator)
        nn.init.zeros_(self.head.bias)
        self.head.to(model.device)
        self._dtype = dtype

    def forward(self, batch: Batch) -> Tensor:
        """Return [positions]: the values, float32, at the batch's value places."""
        with precision(self.head.weight.device, self._dtype):
            states = hidden_states(self.backbone, batch.ids).flatten(0, 1)
        values: Tensor = self.head(states[batch.valued].to(self.head.weight.dtype))
        return values.squeeze(-1).float()
