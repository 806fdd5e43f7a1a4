"""Tell what the policy `transformers` holds: weights, keys and values, and the passes of its largest batch."""

from collections.abc import Sequence
from functools import lru_cache

import torch
from transformers import PreTrainedModel

from rlef_core import MemoryQuestion, MemoryUse
from rlef_models.memory import Shape, peak, policy_dtype, read_shape
from rlef_torch.config import TransformersConfig

ROOM = 9 / 8
"""Columns of the running batch for each token of its longest conversation: between 1 and 5/4 (rows.py), in the mean."""
LOGIT, NUCLEUS_LOGIT = 12, 60
"""Bytes that sampling holds for each row and token of the vocabulary (sampling.py), and with a nucleus, which is sorted in float64."""


def policy_memory(config: TransformersConfig, question: MemoryQuestion) -> Sequence[MemoryUse]:
    """Return what the policy holds when its batch is full of the longest conversations. Raises ModelError without a config."""
    shape, place = read_shape(question.model), question.places()[0]
    assert question.model is not None  # read_shape() has refused it
    dtype = policy_dtype(question.model.dtype, shape.config, place)
    conversation = shape.longest * shape.token_bytes(dtype)
    rows = min(config.batch_size, question.concurrency)
    kept = min(config.cache_bytes, question.concurrency * conversation)
    shorter = (f"model.max_length={shape.longest // 2}",) if shape.longest > 1024 else ()
    fewer = (f"policy.batch_size={rows // 2}",) if rows > 1 else ()
    less = (f"policy.prefill_tokens={config.prefill_tokens // 2}",) if config.prefill_tokens > shape.longest else shorter
    return [
        MemoryUse(place, "weights", shape.parameters * dtype.itemsize),
        MemoryUse(place, "keys and values of the batch", round(rows * conversation * ROOM), fewer + shorter),
        MemoryUse(place, "keys and values between turns", kept, (f"policy.cache_bytes={config.cache_bytes // 2}",)),
        MemoryUse(place, "a batch's passes", _passes(config, shape, rows, dtype, nucleus=question.nucleus), less + fewer),
    ]


def _passes(config: TransformersConfig, shape: Shape, rows: int, dtype: torch.dtype, *, nucleus: bool) -> int:
    prefill = _prefills(shape, min(config.prefill_tokens, rows * shape.longest), dtype)
    logits = rows * shape.vocabulary * (dtype.itemsize + LOGIT + (NUCLEUS_LOGIT if nucleus else 0))
    return round(max(prefill, logits))


@lru_cache(maxsize=64)  # advice asks for the same again and again
def _prefills(shape: Shape, tokens: int, dtype: torch.dtype) -> float:
    return shape.of_layers(lambda model: _prefill(model, shape.longest, tokens), dtype)


def _prefill(model: PreTrainedModel, longest: int, tokens: int) -> float:
    ids = torch.zeros(max(1, tokens // longest), min(longest, tokens), dtype=torch.long)
    with torch.no_grad(), peak() as found:
        model(input_ids=ids, use_cache=not model._is_stateful, logits_to_keep=1)
    return found.most
