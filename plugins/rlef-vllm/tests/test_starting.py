"""An engine is started as the spec says, and one that does not start names the setting to change."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from rlef_core import RlefError, UsageError
from rlef_vllm.config import VllmConfig
from rlef_vllm.plugin import build_vllm
from rlef_vllm.policy import _shares
from rlef_vllm.starting import EngineError, Launch, reason

pytestmark = pytest.mark.repository


@pytest.fixture
def launch(llama: Path, tmp_path: Path) -> Callable[..., Launch]:
    return lambda config, devices=(): Launch(str(llama), "float32", 256, 7, devices, 1, tmp_path / "engine.log", config)


def test_parallel_settings_reach_vllm(launch: Callable[..., Launch]) -> None:
    arguments = launch(VllmConfig(tensor_parallel=2, pipeline_parallel=3, data_parallel=4)).arguments()
    assert (arguments.tensor_parallel_size, arguments.pipeline_parallel_size, arguments.data_parallel_size) == (2, 3, 4)


def test_log_probs_are_of_what_is_sampled_and_the_spec_alone_says_how(launch: Callable[..., Launch]) -> None:
    arguments = launch(VllmConfig()).arguments()
    assert (arguments.logprobs_mode, arguments.generation_config) == ("processed_logprobs", "vllm")


def test_a_cpu_takes_a_gigabyte_for_keys_and_values_and_a_gpu_what_vllm_finds(launch: Callable[..., Launch]) -> None:
    assert launch(VllmConfig()).arguments().kv_cache_memory_bytes == 1_000_000_000
    assert launch(VllmConfig(), ("cuda:0",)).arguments().kv_cache_memory_bytes is None


def test_further_arguments_go_to_vllm_and_unknown_ones_are_named(launch: Callable[..., Launch]) -> None:
    assert launch(VllmConfig(engine={"max_logprobs": 3})).arguments().max_logprobs == 3
    with pytest.raises(UsageError, match=r"policy\.engine holds .* 'max_logprob'"):
        launch(VllmConfig(engine={"max_logprob": 3})).arguments()


def test_replicas_share_the_devices_in_their_order() -> None:
    config = VllmConfig(replicas=2, tensor_parallel=2)
    assert _shares(config, ["cuda:4", "cuda:5", "cuda:6", "cuda:7"]) == [("cuda:4", "cuda:5"), ("cuda:6", "cuda:7")]
    assert _shares(config, []) == [(), ()]
    with pytest.raises(EngineError, match=r"devices\.policy has 3 GPUs, expected 4"):
        _shares(config, ["cuda:4", "cuda:5", "cuda:6"])


@pytest.mark.parametrize(
    ("said", "setting"),
    [
        ("ValueError: Free memory on device cuda:0 (3.1/79 GiB) is less than desired GPU memory utilization", "gpu_memory_utilization"),
        ("torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB", "policy.tensor_parallel"),
        ("ValueError: No available memory for the cache blocks.", "policy.kv_cache_bytes"),
        ("ValueError: Total number of attention heads (6) must be divisible by tensor parallel size (4).", "policy.tensor_parallel"),
        ("ValueError: Model architectures ['FooForCausalLM'] are not supported for now.", "use: transformers"),
    ],
)
def test_what_the_engine_said_last_is_told_with_the_setting_to_change(tmp_path: Path, said: str, setting: str) -> None:
    log = tmp_path / "engine.log"
    log.write_text(f"(EngineCore pid=7) INFO 01-01 [core.py:1] fine\n(EngineCore pid=7) ERROR 01-01 [core.py:2] {said}\n")
    told = reason(RuntimeError("Engine core initialization failed. See root cause above."), log)
    assert said[:40] in told
    assert setting in told
    assert str(log) in told


def test_an_engine_whose_cache_is_too_small_for_one_conversation_names_the_setting(run: Any, tmp_path: Path) -> None:
    with pytest.raises(RlefError, match=r"cache.*policy\.kv_cache_bytes.*model\.max_length.*engine-0\.log"):
        build_vllm(VllmConfig(eager=True, kv_cache_bytes=20_000), evolve(run, directory=tmp_path))
