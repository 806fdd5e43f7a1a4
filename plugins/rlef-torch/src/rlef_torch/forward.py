"""Choose how a model is computed while it answers: by its own code, or by a shorter way to the same numbers where one is known."""

import logging
from collections.abc import Callable
from typing import TypeAlias

import torch
from torch import Tensor
from transformers import PreTrainedModel
from transformers.cache_utils import Cache, DynamicCache

from rlef_torch.llama import LlamaForward, follows

log = logging.getLogger(__name__)

Forward: TypeAlias = Callable[[Tensor, Tensor, Tensor, Cache], Tensor]
"""Computes ids [rows, queries] at positions [rows, queries], of rows padded on the left (mask [rows, tokens], true where a token is,
those that stand in the cache before the queries included); adds their keys and values to the cache and returns the logits that follow
the last query, [rows, vocabulary]."""

TOLERANCE = 2e-5
"""How far a shorter way's log-probs may be from the model's own on the probe."""


def own_forward(model: PreTrainedModel) -> Forward:
    """Return the way of the model's own code, which every architecture has."""

    def forward(ids: Tensor, positions: Tensor, mask: Tensor, cache: Cache) -> Tensor:
        output = model(input_ids=ids, attention_mask=mask, position_ids=positions, past_key_values=cache, use_cache=True, logits_to_keep=1)
        logits: Tensor = output.logits[:, -1]
        return logits

    return forward


def choose_forward(model: PreTrainedModel) -> Forward:
    """Return the quickest way that gives the model's own log-probs on a probe."""
    own = own_forward(model)
    if not follows(model):
        return own
    with torch.inference_mode():
        quick = LlamaForward(model)
        distance = float((_probe(model, quick) - _probe(model, own)).abs().max())
    if not distance <= TOLERANCE:  # so that NaN falls back too
        log.warning("%s is decoded by its own code: the quicker way's log-probs are off by %.2g", type(model).__name__, distance)
        return own
    return quick


def _probe(model: PreTrainedModel, forward: Forward) -> Tensor:
    # [4, vocabulary]: log-probs after a prefill of 7 and of 4 ids, and after one step more
    cache = DynamicCache()
    vocabulary: int = model.config.get_text_config().vocab_size
    ids = (torch.arange(16, device=model.device).view(2, 8) * 7919) % vocabulary
    positions = torch.tensor([[0, 1, 2, 3, 4, 5, 6, 7], [0, 0, 0, 0, 1, 2, 3, 4]], device=model.device)
    mask = torch.ones(2, 8, dtype=torch.bool, device=model.device)
    mask[1, :3] = False
    first = forward(ids[:, :7], positions[:, :7], mask[:, :7], cache)
    second = forward(ids[:, 7:], positions[:, 7:], mask, cache)
    return torch.cat((first, second)).log_softmax(-1)
