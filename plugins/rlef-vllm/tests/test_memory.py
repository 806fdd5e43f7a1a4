"""What `check --memory` says of vLLM's engines, worked by hand; no engine is started."""

import json
from pathlib import Path

import pytest

from rlef_core import MemoryQuestion, MemoryUse, ModelSpec
from rlef_vllm.config import VllmConfig
from rlef_vllm.memory import policy_memory

GB = 1_000_000_000
CONFIG = {
    "model_type": "llama",
    "vocab_size": 1000,
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "tie_word_embeddings": False,
    "max_position_embeddings": 4096,
}
PARAMETERS = 2 * 1000 * 64 + 2 * (2 * 64 * 64 + 2 * 64 * 32 + 3 * 64 * 128 + 2 * 64) + 64
CONVERSATION = 2048 * 2 * 2 * 2 * 16 * 2
"""Bytes of 2048 tokens: keys and values, two layers, two heads of 16, bfloat16."""
PASSES = 8192 * (8 * 64 + 3 * 128) * 2 + 256 * 1000 * 12


@pytest.fixture
def model(tmp_path: Path) -> ModelSpec:
    (tmp_path / "config.json").write_text(json.dumps(CONFIG))
    return ModelSpec(str(tmp_path), dtype="bfloat16", max_length=2048)


def sizes(uses: list[MemoryUse]) -> list[tuple[str, int]]:
    return [(use.device, use.bytes) for use in uses]


def test_keys_and_values_take_what_the_share_of_a_gpu_leaves(model: ModelSpec) -> None:
    uses = [*policy_memory(VllmConfig(), MemoryQuestion(model, accelerated=True, capacity=10 * GB))]
    weights = 2 * PARAMETERS
    assert sizes(uses) == [("cuda:0", weights), ("cuda:0", 9 * GB - weights - PASSES), ("cuda:0", PASSES)]
    assert uses[1].what == f"keys and values ({(9 * GB - weights - PASSES) / CONVERSATION:.1f} longest conversations)"
    assert uses[1].lower == ("policy.gpu_memory_utilization=0.45", "model.max_length=1024")


def test_a_gpu_that_is_too_small_is_asked_for_one_conversation_all_the_same(model: ModelSpec) -> None:
    uses = policy_memory(VllmConfig(), MemoryQuestion(model, accelerated=True, capacity=1_000_000))
    assert uses[1].bytes == CONVERSATION


def test_parts_of_a_copy_share_weights_keys_and_values_and_replicas_have_their_own(model: ModelSpec) -> None:
    config = VllmConfig(replicas=2, tensor_parallel=2, kv_cache_bytes=GB)
    uses = [*policy_memory(config, MemoryQuestion(model, devices=tuple(f"cuda:{number}" for number in range(4))))]
    assert sizes(uses)[:2] == [("cuda:0", PARAMETERS), ("cuda:0", GB)]
    assert [use.device for use in uses if use.what == "weights"] == ["cuda:0", "cuda:1", "cuda:2", "cuda:3"]
    assert uses[1].what == f"keys and values ({GB / (CONVERSATION // 2):.1f} longest conversations)"


def test_on_a_cpu_it_takes_what_the_engine_is_started_with(model: ModelSpec) -> None:
    assert sizes([*policy_memory(VllmConfig(), MemoryQuestion(model))])[1] == ("cpu", GB)
    assert sizes([*policy_memory(VllmConfig(kv_cache_bytes=GB // 2), MemoryQuestion(model))])[1] == ("cpu", GB // 2)
