"""Tell what the optimizers of this distribution hold: `ppo`, `grpo`, `rloo`, `sft`."""

from collections.abc import Iterator, Sequence

from rlef_core import MemoryQuestion, MemoryUse
from rlef_models.memory import Shape, read_shape
from rlef_torch.families import LearningConfig, PpoConfig, RewardedConfig
from rlef_torch.memory.passes import Passes
from rlef_torch.model import DTYPES

STORED = ("shm",)
"""Schemes whose publication lies in this machine's memory until the next."""
WEIGHT, GRADIENT, MOMENTS = 4, 4, 8
"""Bytes of a parameter: weight and gradient in float32, AdamW's two moments."""


def optimizer_memory(config: LearningConfig, question: MemoryQuestion) -> Sequence[MemoryUse]:
    """Return what an optimizer that learns in this process holds, at the peak of an update. Raises ModelError without a config."""
    shape = read_shape(question.model)
    critic = shape.body + shape.width + 1 if isinstance(config, PpoConfig) else 0
    reference = shape.parameters if isinstance(config, RewardedConfig) else 0
    learned = shape.parameters + critic
    place = question.places()[0]
    return [
        MemoryUse(place, "policy's weights", WEIGHT * shape.parameters),
        MemoryUse(place, "critic's weights", WEIGHT * critic),
        MemoryUse(place, "reference's weights", WEIGHT * reference),
        MemoryUse(place, "gradients", GRADIENT * learned),
        MemoryUse(place, "AdamW's moments", MOMENTS * learned),
        MemoryUse(place, "a micro-batch's passes", _passes(config, shape), tuple(less_activations(config, shape, question))),
        *published(shape, question),
    ]


def less_activations(config: LearningConfig, shape: Shape, question: MemoryQuestion) -> Iterator[str]:
    """Changes of the spec that make a micro-batch's passes hold less, the mildest first."""
    longest = shape.longest
    if not config.gradient_checkpointing:
        yield "optimizer.gradient_checkpointing=true"
    if config.micro_batch_tokens > longest:
        yield f"optimizer.micro_batch_tokens={max(longest, config.micro_batch_tokens // 2)}"
    if config.dtype == "float32":
        yield "optimizer.dtype=bfloat16"
    if config.logprob_chunk_tokens > 128:
        yield f"optimizer.logprob_chunk_tokens={config.logprob_chunk_tokens // 2}"
    if config.micro_batch_tokens <= longest and longest > 1024:  # a longest conversation stands alone, whatever the budget
        yield f"model.max_length={longest // 2}"


def published(shape: Shape, question: MemoryQuestion) -> Iterator[MemoryUse]:
    """What a publication takes of the host's memory."""
    if question.scheme in STORED and question.model is not None:
        size = DTYPES[question.model.dtype].itemsize if question.model.dtype in DTYPES else WEIGHT
        yield MemoryUse("cpu", f"published weights ({question.scheme})", size * shape.parameters)


def _passes(config: LearningConfig, shape: Shape) -> int:
    passes = Passes(shape, config.micro_batch_tokens, config.logprob_chunk_tokens, config.gradient_checkpointing, DTYPES[config.dtype])
    return max(passes.policy(), passes.critic() if isinstance(config, PpoConfig) else 0)
