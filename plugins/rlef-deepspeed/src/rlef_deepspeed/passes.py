"""Make forward passes that an engine can run: modules of their own, which call the policy's or the critic's."""

from typing import Any

import deepspeed
from torch import Tensor, nn

from rlef_torch.actor import Actor
from rlef_torch.batch import Batch


class Scoring(nn.Module):
    """An actor's `logprobs` as a forward pass."""

    def __init__(self, actor: Actor) -> None:
        super().__init__()
        self.model: nn.Module = actor.model
        self._logprobs = actor.logprobs
        layer: Any = actor.model.get_output_embeddings()
        # the output layer is never called, only its weight read, so ZeRO 3 must be told
        for parameter in layer.parameters():
            deepspeed.zero.register_external_parameter(self, parameter)

    def forward(self, batch: Batch, temperature: float, *, entropy: bool = False) -> tuple[Tensor, Tensor | None]:
        return self._logprobs(batch, temperature, entropy=entropy)
