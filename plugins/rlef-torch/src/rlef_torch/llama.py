"""Compute a Llama-like model on a CPU with few calls: the same sums, without what the model's own code spends on generality."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import LlamaForCausalLM, MistralForCausalLM, PreTrainedModel, Qwen2ForCausalLM
from transformers.cache_utils import Cache

from rlef_torch.attention import attend

FOLLOWED = (LlamaForCausalLM, MistralForCausalLM, Qwen2ForCausalLM)
"""Models whose code is followed here; one of a class derived from these is not."""
FIXED_ROPE = ("default", "linear", "llama3", "yarn")
"""Kinds of rotary embedding that depend on the position alone."""


def follows(model: PreTrainedModel) -> bool:
    """Whether a model is one that `LlamaForward` computes: float32 on the CPU, of a class and with settings that it knows."""
    config = model.config
    rope = getattr(config, "rope_parameters", None) or {}  # transformers 4 has none
    return (
        type(model) in FOLLOWED
        and model.device.type == "cpu"
        and model.dtype is torch.float32
        and set(getattr(config, "layer_types", None) or ["full_attention"]) == {"full_attention"}
        and (type(model) is not MistralForCausalLM or config.sliding_window is None)
        and rope.get("rope_type") in FIXED_ROPE
    )


class LlamaForward:
    """A `Forward` of a model that `follows` holds for.

    The model's weights move into joint tensors, of which its own become views: a matrix product takes the place of two or three, and new
    weights that are copied into the model are seen here at once.
    """

    def __init__(self, model: PreTrainedModel) -> None:
        core: Any = model.model
        self._embed, self._norm, self._head = core.embed_tokens, core.norm, model.lm_head
        self._layers = [_Layer(layer, index) for index, layer in enumerate(core.layers)]
        self._rotary = _Rotary(core.rotary_emb)

    def __call__(self, ids: Tensor, positions: Tensor, mask: Tensor, cache: Cache) -> Tensor:
        hidden = self._embed(ids)
        rotary = self._rotary(positions)
        seen = None if bool(mask.all()) else mask
        for layer in self._layers[:-1]:
            hidden = layer(hidden, rotary, seen, cache, ids.shape[1])
        # nobody reads what the last layer makes of earlier queries
        hidden = self._layers[-1](hidden, rotary, seen, cache, 1)
        logits: Tensor = self._head(_normed(self._norm, hidden[:, -1]))
        return logits


class _Rotary:
    # tables of the model's own cosines and sines, as long as the longest conversation so far

    def __init__(self, own: Any) -> None:
        self._own = own
        self._cosines = self._sines = torch.empty(0)

    def __call__(self, positions: Tensor) -> tuple[Tensor, Tensor]:
        # [rows, queries, 1, width] each, the sines with the sign that they have after `roll`
        longest = int(positions.max()) + 1
        if longest > len(self._cosines):
            self._compute(2 * longest)
        return self._cosines[positions].unsqueeze(2), self._sines[positions].unsqueeze(2)

    def _compute(self, length: int) -> None:
        cosines, sines = self._own(torch.zeros(1), torch.arange(length).unsqueeze(0))
        first, second = sines[0].chunk(2, -1)
        self._cosines, self._sines = cosines[0], torch.cat((-first, second), -1)


class _Layer:
    def __init__(self, layer: Any, index: int) -> None:
        attention, mlp = layer.self_attn, layer.mlp
        self._index = index
        self._norms = layer.input_layernorm, layer.post_attention_layernorm
        self._width: int = attention.head_dim
        self._scale: float = attention.scaling
        self._heads = attention.q_proj.out_features // self._width
        self._key_heads = attention.k_proj.out_features // self._width
        self._asking = _joined((attention.q_proj, attention.k_proj, attention.v_proj))
        self._answering = attention.o_proj
        self._rising, self._falling, self._bend = _joined((mlp.gate_proj, mlp.up_proj)), mlp.down_proj, mlp.act_fn

    def __call__(self, hidden: Tensor, rotary: Sequence[Tensor], mask: Tensor | None, cache: Cache, read: int) -> Tensor:
        # hidden: [rows, queries, size]; returns it for the last `read` queries
        rows = len(hidden)
        query, key, value = self._project(_normed(self._norms[0], hidden), rotary)
        key, value = cache.update(key.transpose(1, 2), value.transpose(1, 2), self._index)
        attended = attend(query[:, -read:].transpose(1, 2), key, value, mask, self._scale)
        hidden = hidden[:, -read:] + self._answering(attended.view(rows, read, -1))
        gate, up = functional.linear(_normed(self._norms[1], hidden), *self._rising).chunk(2, -1)
        return hidden.add_(self._falling(self._bend(gate).mul_(up)))

    def _project(self, hidden: Tensor, rotary: Sequence[Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        # [rows, queries, heads, width] each
        rows, queries, _ = hidden.shape
        whole = functional.linear(hidden, *self._asking).view(rows, queries, -1, self._width)
        turning, value = whole.split((self._heads + self._key_heads, self._key_heads), 2)
        cosines, sines = rotary
        turned = (turning * cosines).addcmul_(turning.roll(self._width // 2, -1), sines)
        query, key = turned.split((self._heads, self._key_heads), 2)
        return query, key, value


def _normed(norm: Any, hidden: Tensor) -> Tensor:
    return functional.rms_norm(hidden, norm.weight.shape, norm.weight, norm.variance_epsilon)


def _joined(linears: Sequence[nn.Linear]) -> tuple[Tensor, Tensor | None]:
    # one weight and one bias for all; theirs become views of it
    weight = torch.cat([linear.weight.data for linear in linears])
    biases = [linear.bias for linear in linears if linear.bias is not None]
    bias = torch.cat([bias.data for bias in biases]) if biases else None
    for linear, part in zip(linears, weight.split([linear.out_features for linear in linears]), strict=True):
        linear.weight.data = part
    for own, part in zip(biases, bias.split([len(bias) for bias in biases]) if bias is not None else (), strict=True):
        own.data = part
    return weight, bias
