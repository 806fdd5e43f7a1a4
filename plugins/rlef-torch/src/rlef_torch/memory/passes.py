"""Follow forward and backward passes of a model that has a shape and no weights, and tell how much they hold at their peak."""

from collections.abc import Callable
from functools import lru_cache

import torch
from attrs import frozen
from torch import Tensor
from transformers import PreTrainedModel

from rlef_models.memory import Shape, peak
from rlef_torch.actor import hidden_states, precision
from rlef_torch.logprobs import token_logprobs
from rlef_torch.model import checkpoint_activations, choose_attention


@frozen
class Passes:
    """Passes over micro-batches of at most `tokens` tokens, made of the longest conversations, in which every token is learned.

    dtype: of matrix products. weights: dtype of the weights; where it is not float32 nothing is cast. chunk_tokens: tokens whose logits
    are computed at once.
    """

    shape: Shape
    tokens: int
    chunk_tokens: int
    checkpointing: bool = False
    dtype: torch.dtype = torch.float32
    weights: torch.dtype = torch.float32

    @lru_cache(maxsize=64)  # noqa: B019  # advice asks for the same again and again
    def policy(self) -> int:
        """Bytes that a policy's forward and backward pass holds above weights and gradients."""
        return self._measure(lambda model: self._learn(model, self._logprobs))

    @lru_cache(maxsize=64)  # noqa: B019  # advice asks for the same again and again
    def critic(self) -> int:
        """Bytes that a critic's forward and backward pass holds above weights and gradients."""
        return self._measure(lambda model: self._learn(model, _values))

    @lru_cache(maxsize=64)  # noqa: B019  # advice asks for the same again and again
    def scores(self) -> int:
        """Bytes that scoring with a frozen model holds above its weights."""
        return self._measure(self._score)

    def _measure(self, measure: Callable[[PreTrainedModel], float]) -> int:
        return round(self.shape.of_layers(lambda model: measure(choose_attention(model)), self.weights))

    def _learn(self, model: PreTrainedModel, result: Callable[[PreTrainedModel, Tensor], Tensor]) -> float:
        if self.checkpointing:
            checkpoint_activations(model)
        with peak() as found:
            for parameter in model.parameters():
                parameter.grad = torch.empty_like(parameter)  # an earlier micro-batch's, which is added to
            gradients = found.bytes
            torch.autograd.backward(self._forward(model, result).sum())
        return found.most - gradients

    def _score(self, model: PreTrainedModel) -> float:
        with torch.no_grad(), peak() as found:
            self._forward(model, self._logprobs)
        return found.most

    def _forward(self, model: PreTrainedModel, result: Callable[[PreTrainedModel, Tensor], Tensor]) -> Tensor:
        length = self.shape.longest
        ids = torch.zeros(max(1, self.tokens // length), length, dtype=torch.long)
        with precision(ids.device, self.dtype if self.weights is torch.float32 else torch.float32):
            states = hidden_states(model.base_model, ids).flatten(0, 1)
            return result(model, states[torch.arange(len(states) - len(ids))])

    def _logprobs(self, model: PreTrainedModel, states: Tensor) -> Tensor:
        targets = torch.zeros(len(states), dtype=torch.long)
        head = model.get_output_embeddings().weight
        return token_logprobs(states, head, targets, entropy=True, chunk_tokens=self.chunk_tokens)[0]


def _values(model: PreTrainedModel, states: Tensor) -> Tensor:
    return states[:1].float()
