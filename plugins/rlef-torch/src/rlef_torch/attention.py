"""Attend quickly on a CPU when every row asks with one token: two batched products, where the fused kernel takes twice as long."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
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
    if query.shape[2] > 1 or kwargs.get("position_bias") is not None:
        attended: tuple[Tensor, None] = sdpa_attention_forward(module, query, key, value, attention_mask, scaling=scaling, **kwargs)
        return attended
    scale = query.shape[-1] ** -0.5 if scaling is None else scaling
    return _attend_once(query, key, value, None if attention_mask is None else attention_mask[:, 0], scale), None


def attend(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, scale: float) -> Tensor:
    """Return [rows, queries, heads, width] of the last queries of rows padded on the left; each sees the tokens up to its own.

    Shapes as in `decoding_attention`; mask: [rows, tokens], true where a token is, None where all are.
    """
    queries, tokens = query.shape[2], key.shape[2]
    if queries == 1:
        return _attend_once(query, key, value, None if mask is None else mask.unsqueeze(1), scale)
    seen = None if mask is None and queries == tokens else _causal(mask, queries, tokens)
    grouped = query.shape[1] != key.shape[1]
    attended = functional.scaled_dot_product_attention(
        query, key, value, attn_mask=seen, is_causal=seen is None, scale=scale, enable_gqa=grouped
    )
    return attended.transpose(1, 2).contiguous()


def _attend_once(query: Tensor, key: Tensor, value: Tensor, seen: Tensor | None, scale: float) -> Tensor:
    rows, heads, _, width = query.shape
    groups = rows * key.shape[1]
    # the heads that share a key head are as many queries of it, so that no key is copied
    asked = (query * scale).reshape(groups, heads // key.shape[1], width)
    scores = torch.bmm(asked, key.reshape(groups, -1, width).transpose(1, 2)).view(rows, heads, -1)
    if seen is not None:
        scores.masked_fill_(~seen, -torch.inf)
    weights = scores.softmax(-1).view(groups, heads // key.shape[1], -1)
    return torch.bmm(weights, value.reshape(groups, -1, value.shape[-1])).view(rows, 1, heads, -1)


def _causal(mask: Tensor | None, queries: int, tokens: int) -> Tensor:
    # [rows or 1, 1, queries, tokens]
    causal = torch.ones(queries, tokens, dtype=torch.bool).tril(tokens - queries)
    if mask is None:
        return causal.view(1, 1, queries, tokens)
    # a query that is padding sees all, since a softmax over nothing is no number
    return (causal & mask.unsqueeze(1) | ~mask[:, -queries:].unsqueeze(-1)).unsqueeze(1)
