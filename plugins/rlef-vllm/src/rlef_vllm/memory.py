"""Tell what the policy `vllm` holds, as vLLM parts it: weights, passes of the largest step, and keys and values in what is left."""

from collections.abc import Iterator, Sequence

import torch
from attrs import frozen

from rlef_core import MemoryQuestion, MemoryUse
from rlef_models.memory import Shape, policy_dtype, read_shape
from rlef_vllm.config import CPU_CACHE_BYTES, VllmConfig

STATES = 8
"""Hidden states of a token that a step holds at once, an upper bound of what vLLM's layers were seen to hold."""
LOGIT = 12
"""Bytes of a logit: as computed, in float32, and its probability."""


@frozen(eq=False)
class _Device:
    """One device of one replica."""

    config: VllmConfig
    question: MemoryQuestion
    shape: Shape
    dtype: torch.dtype
    on_gpu: bool

    @property
    def parts(self) -> int:
        """Devices that share one copy's weights, keys and values."""
        return self.config.tensor_parallel * self.config.pipeline_parallel

    @property
    def weights(self) -> int:
        return self.shape.parameters * self.dtype.itemsize // self.parts

    @property
    def passes(self) -> int:
        """Bytes of a step's largest tensors: the states of its tokens and the logits of its rows."""
        tokens = max(self.config.prefill_tokens, self.shape.longest)
        inner: int = getattr(self.shape.config.get_text_config(), "intermediate_size", None) or 4 * self.shape.width
        states = tokens * (STATES * self.shape.width + 3 * inner // self.config.tensor_parallel) * self.dtype.itemsize
        return states + self.config.batch_size * self.shape.vocabulary * LOGIT

    @property
    def conversation(self) -> int:
        """Bytes of the keys and values of one longest conversation."""
        return self.shape.longest * self.shape.token_bytes(self.dtype) // self.parts

    @property
    def cache(self) -> int:
        """Bytes for keys and values: as set, else what the share of the GPU leaves, and never less than one conversation."""
        if self.config.kv_cache_bytes is not None or not self.on_gpu:
            return self.config.kv_cache_bytes or CPU_CACHE_BYTES
        share = int(self.config.gpu_memory_utilization * (self.question.capacity or 0))
        return max(share - self.weights - self.passes, self.conversation)


def policy_memory(config: VllmConfig, question: MemoryQuestion) -> Sequence[MemoryUse]:
    """Return what the engines hold. Raises ModelError without a model's config."""
    places = question.places(config.replicas * config.devices)
    shape = read_shape(question.model)
    assert question.model is not None  # read_shape() has refused it
    dtype = policy_dtype(question.model.dtype, shape.config, places[0])
    device = _Device(config, question, shape, dtype, on_gpu=places[0] != "cpu")
    return [use for place in places for use in _uses(place, device)]


def _uses(place: str, device: _Device) -> Iterator[MemoryUse]:
    config = device.config
    shorter = (f"model.max_length={device.shape.longest // 2}",) if device.shape.longest > 1024 else ()
    smaller = (f"policy.prefill_tokens={config.prefill_tokens // 2}",) if config.prefill_tokens > device.shape.longest else shorter
    wider = (f"policy.tensor_parallel={2 * config.tensor_parallel}",) if device.on_gpu else ()
    held = device.cache / device.conversation if device.conversation else 0
    what = f"keys and values ({held:.1f} longest conversations)" if held else "keys and values"
    yield MemoryUse(place, "weights", device.weights, wider)
    yield MemoryUse(place, what, device.cache, (*_less_cache(device), *shorter))
    yield MemoryUse(place, "a step's passes", device.passes, (*smaller, f"policy.batch_size={max(1, config.batch_size // 2)}"))


def _less_cache(device: _Device) -> Iterator[str]:
    config = device.config
    if device.cache // 2 < device.conversation:
        return
    if config.kv_cache_bytes is not None or not device.on_gpu:
        yield f"policy.kv_cache_bytes={device.cache // 2}"
    else:
        yield f"policy.gpu_memory_utilization={config.gpu_memory_utilization / 2:g}"
