"""What `check --memory` says of a rank: by hand for many ranks, and beside what a real one holds on a CPU."""

import gc
from collections.abc import Iterator, Mapping
from itertools import accumulate
from pathlib import Path
from typing import Any

import pytest
import torch
from attrs import evolve
from transformers import LlamaConfig

from rlef_core import EpisodeId, MemoryQuestion, ModelSpec, Trajectory, TurnSpan, UsageError
from rlef_core.testing import BuildContext
from rlef_deepspeed.config import DeepSpeedPpoConfig
from rlef_deepspeed.memory import RankMemory, optimizer_memory, rank_memory
from rlef_deepspeed.rank import Rank
from rlef_deepspeed.recipe import Recipe
from rlef_models.testing import write_model

LLAMA = LlamaConfig(
    vocab_size=2048, hidden_size=64, intermediate_size=176, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2
)
BUCKET = 1000


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("model"), LLAMA)


@pytest.fixture(autouse=True)
def small_buckets(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bucket of DeepSpeed's is as large for a small model as for a great one, and would hide all else."""
    monkeypatch.setattr("rlef_deepspeed.settings.BUCKET", BUCKET)
    monkeypatch.setattr("rlef_deepspeed.memory.BUCKET", BUCKET)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        # 1000 parameters each of policy and critic; in float32 without ZeRO nothing stands beside the weights
        ({"zero_stage": 0}, RankMemory(8000, 0, 0, 8000, 16000, 4000, 0, 0)),
        # four ranks: a quarter of 12 bytes a parameter, then of the gradients too, then of the weights too
        ({"zero_stage": 1, "world_size": 4}, RankMemory(8000, 0, 4000, 8000, 6000, 4000, 0, 0)),
        ({"zero_stage": 2, "world_size": 4, "dtype": "bfloat16"}, RankMemory(4000, 0, 2000, 2000, 6000, 2000, 0, 0)),
        ({"zero_stage": 3, "world_size": 4, "dtype": "bfloat16"}, RankMemory(1000, 2000, 4000, 2000, 6000, 2000, 0, 0)),
        (
            {"zero_stage": 2, "world_size": 4, "dtype": "bfloat16", "offload_optimizer": True, "offload_reference": True},
            RankMemory(4000, 0, 2000, 0, 0, 2000, 8000, 2000),
        ),
    ],
)
def test_a_rank_s_parts_worked_by_hand(settings: Mapping[str, Any], expected: RankMemory) -> None:
    assert rank_memory(DeepSpeedPpoConfig(**settings), 1000, 1000, adapters=0) == expected


def test_adapters_alone_learn_and_need_no_reference() -> None:
    config = DeepSpeedPpoConfig(zero_stage=2, lora_rank=8, dtype="bfloat16")
    assert rank_memory(config, 1000, 1000, adapters=100) == RankMemory(4200, 0, 2000, 400, 1200, 0, 0, 0)


def question(model: Path, **more: Any) -> MemoryQuestion:
    return MemoryQuestion(ModelSpec(str(model), max_length=128), **more)


def test_adapters_of_all_linear_layers_but_the_output_layer_are_counted(model: Path) -> None:
    config = DeepSpeedPpoConfig(lora_rank=2, micro_batch_tokens=128)
    # a layer: q and o 64 to 64, k and v 64 to 32, gate and up 64 to 176, down 176 to 64; two layers, two models
    adapters = 2 * 2 * 2 * (2 * 128 + 2 * 96 + 3 * 240)
    (weights, *_) = (use.bytes for use in optimizer_memory(config, question(model)))
    plain = next(use.bytes for use in optimizer_memory(evolve(config, lora_rank=None), question(model)))
    assert weights - plain == 4 * adapters


def test_ranks_of_a_hostfile_stand_on_its_machines_and_without_it_on_as_many_as_it_takes(model: Path, tmp_path: Path) -> None:
    hosts = tmp_path / "hosts"
    config = DeepSpeedPpoConfig(world_size=4, hostfile=hosts, micro_batch_tokens=128, offload_optimizer=True)
    asked = question(model, accelerated=True, devices=("cuda:0", "cuda:1"))

    def places() -> list[str]:
        return list(dict.fromkeys(use.device for use in optimizer_memory(config, asked)))

    assert places() == [*(f"machine-{number}/cuda:{each}" for number in (1, 2) for each in (0, 1)), "machine-1/cpu", "machine-2/cpu"]
    hosts.write_text("a slots=2\nb slots=2\n")
    assert places() == ["a/cuda:0", "a/cuda:1", "b/cuda:0", "b/cuda:1", "a/cpu", "b/cpu"]
    hosts.write_text("a slots=2\n")
    with pytest.raises(UsageError, match="has 2 slots"):
        places()


@pytest.fixture
def rank_of(model: Path, tmp_path: Path) -> Iterator[Any]:
    ranks = []

    def make(config: DeepSpeedPpoConfig) -> Rank:
        context = BuildContext(tmp_path, ModelSpec(str(model), max_length=128), sequences_per_update=8)
        ranks.append(Rank(Recipe.of(config, context), 0, 1, 0))
        return ranks[-1]

    yield make
    for rank in ranks:
        rank.close()


def trajectory(number: int) -> Trajectory:
    ids = torch.randint(300, (128,), generator=torch.Generator().manual_seed(number)).tolist()
    own = [place >= 8 for place in range(128)]
    logprobs, versions = tuple(-5.0 if each else 0.0 for each in own), tuple(0 if each else -1 for each in own)
    turns = (TurnSpan(8, 128, 1.0 + number % 2),)
    return Trajectory(EpisodeId("train", 0, "task", number), tuple(ids), tuple(own), logprobs, versions, turns, 1.0)


def storages() -> dict[int, torch.UntypedStorage]:
    gc.collect()
    tensors = [thing for thing in gc.get_objects() if type(thing) in (torch.Tensor, torch.nn.Parameter)]
    return {tensor.untyped_storage()._cdata: tensor.untyped_storage() for tensor in tensors}


def most_on_top(work: Any) -> int:
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU], profile_memory=True) as profiler:
        work()
    assert profiler.profiler is not None
    events = [event for event in profiler.profiler.kineto_results.events() if event.name() == "[memory]"]
    return max(accumulate(event.nbytes() for event in sorted(events, key=lambda event: event.start_ns())))


@pytest.mark.parametrize(
    "settings",
    [{"zero_stage": 2, "dtype": "bfloat16"}, {"zero_stage": 3, "gradient_checkpointing": True}],
    ids=["zero-2-bfloat16", "zero-3-checkpointed"],
)
def test_a_rank_on_a_cpu_holds_what_is_foretold(settings: Mapping[str, Any], rank_of: Any, model: Path) -> None:
    before = storages()  # kept, so that no address is used again
    config = DeepSpeedPpoConfig(micro_batch_tokens=512, logprob_chunk_tokens=256, **settings)
    rank, episodes = rank_of(config), [trajectory(number) for number in range(8)]
    rank.learn(episodes, 0, 0)
    held = sum(storage.nbytes() for place, storage in storages().items() if place not in before)
    held += most_on_top(lambda: rank.learn(episodes, 1, 1))
    foretold = sum(use.bytes for use in optimizer_memory(config, question(model)))
    print(f"foretold / held = {foretold / held:.3f}")
    assert foretold == pytest.approx(held, rel=0.15)
