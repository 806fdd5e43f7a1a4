"""Attend quickly on a CPU when every row asks with one token: two batched products, where the fused kernel takes twice as long."""

from typing import Any

import torch
from torch import Tensor, nn
from transformers import AttentionInterface, AttentionMaskInterface, PreTrainedModel
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

NAME = "rlef_decode"


def use_decoding_attention(model: PreTrainedModel) -> None:
    """Switch a model on the CPU that uses the fused kernel to `decoding_attention`; leaves any other as it is."""
    if model.device.type != "cpu" or model.config._attn_implementation != "sdpa" or not model._supports_attention_backend:
        return
    AttentionInterface.register(NAME, decoding_attention)
    AttentionMaskInterface.register(NAME, sdpa_mask)
    model.set_attn_implementation(NAME)


def decoding_attention(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    scaling: float | None = None,
    **kwargs: Any,
) -> tuple[Tensor, None]:
    """Return [rows, queries, heads, width]; query: [rows, heads, queries, width], key and value: [rows, key heads, tokens, width].

    attention_mask: [rows, 1, queries, tokens], true where a token is seen. More than one query goes to the fused kernel.
    """
    rows, heads, queries, width = query.shape
    if queries > 1 or kwargs.get("position_bias") is not None:
        attended: tuple[Tensor, None] = sdpa_attention_forward(module, query, key, value, attention_mask, scaling=scaling, **kwargs)
        return attended
    groups = rows * key.shape[1]
    scale = width**-0.5 if scaling is None else scaling
    # the heads that share a key head are as many queries of it, so that no key is copied
    asked = query.reshape(groups, heads // key.shape[1], width)
    scores = torch.bmm(asked, key.reshape(groups, -1, width).transpose(1, 2)).mul_(scale).view(rows, heads, -1)
    if attention_mask is not None:
        scores.masked_fill_(~attention_mask[:, 0], -torch.inf)
    weights = scores.softmax(-1).view(groups, heads // key.shape[1], -1)
    return torch.bmm(weights, value.reshape(groups, -1, value.shape[-1])).view(rows, 1, heads, -1), None
