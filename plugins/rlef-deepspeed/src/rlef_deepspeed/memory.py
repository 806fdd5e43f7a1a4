"""Tell what each rank of `deepspeed-ppo` holds on its device, and of its machine's memory."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from math import ceil

import torch
from attrs import frozen
from torch import nn

from rlef_core import MemoryQuestion, MemoryUse
from rlef_deepspeed.config import DeepSpeedPpoConfig
from rlef_deepspeed.hosts import read_hosts
from rlef_deepspeed.settings import BUCKET
from rlef_models.memory import Shape, read_shape
from rlef_torch.memory.learning import less_activations, published
from rlef_torch.memory.passes import Passes
from rlef_torch.model import DTYPES

SUM, MASTER, MOMENTS = 4, 4, 8
"""Bytes of a parameter that learns: its gradients' sum and the weight that is stepped, in float32, and AdamW's two moments."""
LIVE = 1_000_000_000
"""Parameters that ZeRO 3 keeps gathered at most (DeepSpeed's stage3_max_live_parameters)."""
MACHINE = 8
"""Ranks of a machine, where neither a hostfile nor `devices.optimizer` tells."""


@frozen
class RankMemory:
    """Bytes of one rank, on its device and of its machine's memory.

    weights: of policy and critic. gathered: weights made whole for a while (ZeRO 3). buckets: what ranks exchange gradients in. states:
    gradients' sums, float32 weights and moments. reference: the frozen copy.
    """

    weights: int
    gathered: int
    buckets: int
    gradients: int
    states: int
    reference: int
    host_states: int
    host_reference: int


def rank_memory(config: DeepSpeedPpoConfig, policy: int, critic: int, adapters: int) -> RankMemory:
    """Return what one of `config.world_size` ranks holds beside its passes.

    policy, critic: numbers of parameters. adapters: those of LoRA, of both together; they alone learn where `lora_rank` is set.
    """
    ranks, stage = config.world_size, config.zero_stage
    width = DTYPES[config.dtype].itemsize
    whole = policy + critic + adapters
    learned = adapters if config.lora_rank is not None else whole
    master = MASTER if stage or width < MASTER else 0
    gradients = SUM * _share(learned, ranks if stage >= 2 else 1)
    states = (master + MOMENTS) * _share(learned, ranks if stage else 1)
    reference = 0 if config.lora_rank is not None else width * policy
    away, idle = config.offload_optimizer and stage > 0, config.offload_reference
    return RankMemory(
        weights=width * _share(whole, ranks if stage == 3 else 1),
        gathered=width * min(max(policy, critic), LIVE) if stage == 3 and ranks > 1 else 0,
        buckets=width * BUCKET * (2 if stage == 3 else 1) if stage else 0,  # ZeRO 3 keeps each engine's, the others make one at a time
        gradients=0 if away else gradients,
        states=0 if away else states,
        reference=reference,
        host_states=gradients + states if away else 0,
        host_reference=reference if idle else 0,
    )


def optimizer_memory(config: DeepSpeedPpoConfig, question: MemoryQuestion) -> Sequence[MemoryUse]:
    """Return what all ranks hold at the peak of an update. Raises ModelError without a model's config, UsageError for a wrong hostfile."""
    shape = read_shape(question.model)
    adapters = _adapters(config, shape.whole) + _adapters(config, shape.whole.base_model) if config.lora_rank else 0
    one = rank_memory(config, shape.parameters, shape.body + shape.width + 1, adapters)
    passes = _passes(config, shape)
    learning = max(passes.policy(), passes.critic())
    places = _places(config, question)
    uses = [use for place in places for use in _device(place, one, learning, passes.scores(), config, shape, question)]
    hosts = Counter("/".join([*place.split("/")[:-1], "cpu"]) for place in places)
    return [*uses, *(use for place, ranks in hosts.items() for use in _host(place, ranks, one, config)), *published(shape, question)]


def _device(
    place: str, one: RankMemory, learning: int, scoring: int, config: DeepSpeedPpoConfig, shape: Shape, question: MemoryQuestion
) -> Iterator[MemoryUse]:
    parted, offloaded = tuple(_parted(config)), tuple(_offloaded(config))
    fewer = (*parted, *offloaded, *_adapted(config))
    yield MemoryUse(place, "weights of policy and critic", one.weights, fewer)
    yield MemoryUse(place, "weights gathered for a while", one.gathered)
    yield MemoryUse(place, "gradients", one.gradients, fewer)
    yield MemoryUse(place, "float32 weights and moments", one.states, (*offloaded, *parted, *_adapted(config)))
    yield MemoryUse(place, "buckets of gradients", one.buckets)
    yield MemoryUse(place, "a micro-batch's passes", learning, tuple(less_activations(config, shape, question)))
    if one.host_reference:
        beyond = one.reference + scoring - one.gradients - learning
        yield MemoryUse(place, "reference while it scores, beyond what learning holds", max(0, beyond), tuple(_adapted(config)))
    else:
        away = ("optimizer.offload_reference=true",) if one.reference else ()
        yield MemoryUse(place, "reference's weights", one.reference, (*away, *_adapted(config)))


def _host(place: str, ranks: int, one: RankMemory, config: DeepSpeedPpoConfig) -> Iterator[MemoryUse]:
    adapted = tuple(_adapted(config))
    if one.host_states:
        back = ("optimizer.offload_optimizer=false", *adapted)
        yield MemoryUse(place, f"gradients, float32 weights and moments ({ranks} ranks)", ranks * one.host_states, back)
    if one.host_reference:
        back = ("optimizer.offload_reference=false", *adapted)
        yield MemoryUse(place, f"idle references ({ranks} ranks)", ranks * one.host_reference, back)


def _parted(config: DeepSpeedPpoConfig) -> Iterator[str]:
    if config.dtype == "float32":
        yield "optimizer.dtype=bfloat16" + (" optimizer.zero_stage=2" if config.zero_stage < 2 else "")
    if config.world_size > 1:
        yield from (f"optimizer.zero_stage={stage}" for stage in range(config.zero_stage + 1, 4))


def _offloaded(config: DeepSpeedPpoConfig) -> Iterator[str]:
    if not config.offload_optimizer and config.zero_stage:
        yield "optimizer.offload_optimizer=true"


def _adapted(config: DeepSpeedPpoConfig) -> Iterator[str]:
    if config.lora_rank is None:
        yield "optimizer.lora_rank=64" + (" optimizer.offload_reference=false" if config.offload_reference else "")


def _passes(config: DeepSpeedPpoConfig, shape: Shape) -> Passes:
    dtype = DTYPES[config.dtype]
    return Passes(shape, config.micro_batch_tokens, config.logprob_chunk_tokens, config.gradient_checkpointing, torch.float32, dtype)


def _adapters(config: DeepSpeedPpoConfig, model: nn.Module) -> int:
    # two factors for each linear layer, but for the output layer
    targets = {
        name: layer
        for name, layer in model.named_modules()
        if isinstance(layer, nn.Linear) and (name.rpartition(".")[2] in config.lora_targets if config.lora_targets else name != "lm_head")
    }
    return sum((config.lora_rank or 0) * (layer.in_features + layer.out_features) for layer in targets.values())


def _places(config: DeepSpeedPpoConfig, question: MemoryQuestion) -> Sequence[str]:
    if config.hostfile is None:
        return question.places(config.world_size)
    return [f"{name}/{place}" for name, slots in _machines(config, question).items() for place in question.places(slots)]


def _machines(config: DeepSpeedPpoConfig, question: MemoryQuestion) -> Mapping[str, int]:
    # a hostfile is often written when the job starts
    assert config.hostfile is not None  # the caller has looked
    if config.hostfile.exists():
        return read_hosts(config.hostfile, config.world_size)
    each = len(question.devices) or MACHINE
    return {f"machine-{number + 1}": min(each, config.world_size - number * each) for number in range(ceil(config.world_size / each))}


def _share(parameters: int, ranks: int) -> int:
    return ceil(parameters / ranks)
