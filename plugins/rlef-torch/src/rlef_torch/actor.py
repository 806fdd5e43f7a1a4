"""Score sampled ids with a causal language model, without ever holding a batch's logits."""

from typing import Any, Protocol

import torch
from attrs import evolve, frozen
from torch import Tensor, nn
from transformers import PreTrainedModel

from rlef_models.model import ModelError
from rlef_torch.batch import Batch
from rlef_torch.logprobs import token_logprobs


class LogProbs(Protocol):
    """A forward pass that scores: `Actor.logprobs`, or an engine that calls it."""

    def __call__(self, batch: Batch, temperature: float, *, entropy: bool = False) -> tuple[Tensor, Tensor | None]: ...


@frozen(eq=False)
class Head:
    """The output layer in parts: logits = soft_cap * tanh((hidden @ weight.T + bias) / soft_cap) * scale."""

    weight: Tensor
    bias: Tensor | None
    soft_cap: float | None
    scale: float


class Actor:
    """A model that gives log-probs: the policy, or the reference.

    Matrix products are taken in `dtype`, logits of `chunk_tokens` tokens at once. `like`: a model of the same kind that shows what the
    output layer does, where this one cannot be called yet. Raises ModelError for an output layer it cannot follow.
    """

    def __init__(self, model: PreTrainedModel, dtype: torch.dtype, chunk_tokens: int, like: PreTrainedModel | None = None) -> None:
        self.model = model
        self._dtype = dtype
        self._chunk_tokens = chunk_tokens
        layer: Any = model.get_output_embeddings()
        self._head = evolve(_head_of(like or model), weight=layer.weight, bias=layer.bias)

    def logprobs(self, batch: Batch, temperature: float, *, entropy: bool = False) -> tuple[Tensor, Tensor | None]:
        """Return [tokens] log-probs of the batch's sampled ids at `temperature`; and [tokens] entropies, if asked for."""
        with precision(self.model.device, self._dtype):
            states = hidden_states(self.model.base_model, batch.ids).flatten(0, 1)
            return token_logprobs(
                states[batch.predicting],
                self._head.weight,
                batch.targets,
                bias=self._head.bias,
                temperature=temperature / self._head.scale,
                soft_cap=self._head.soft_cap,
                entropy=entropy,
                chunk_tokens=self._chunk_tokens,
            )


def hidden_states(backbone: Any, ids: Tensor) -> Tensor:
    """Return [rows, length, width]: what the output layer is given. Without a mask, so that the fastest causal kernels apply."""
    states: Tensor = backbone(input_ids=ids, use_cache=False).last_hidden_state
    return states


def precision(device: torch.device, dtype: torch.dtype) -> torch.autocast:
    """Return a context in which matrix products are taken in `dtype`; weights stay in float32."""
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=dtype != torch.float32)


@torch.no_grad()
def _head_of(model: PreTrainedModel) -> Head:
    layer: Any = model.get_output_embeddings()
    soft_cap: Any = getattr(model.config.get_text_config(), "final_logit_softcapping", None)
    ids = torch.arange(8, device=model.device).unsqueeze(0)
    actual = model(input_ids=ids, use_cache=False).logits.float()
    states = hidden_states(model.base_model, ids)
    plain = nn.functional.linear(states, layer.weight, layer.bias).float()
    plain = plain if soft_cap is None else soft_cap * (plain / soft_cap).tanh()
    scale = float((actual * plain).sum() / plain.square().sum())
    scale = 1.0 if abs(scale - 1) < 1e-3 else scale
    if not torch.allclose(plain * scale, actual, atol=1e-3 * float(actual.abs().max()), rtol=0):
        raise ModelError(
            f"the output layer of {type(model).__name__} does more than a product, a soft cap and a scale, which log-probs in chunks "
            "cannot follow; train another model"
        )
    return Head(layer.weight, layer.bias, soft_cap, scale)
