"""What `check --memory` says of an optimizer or a policy is what its tensors really take, within 15 %, for models it was not fitted to."""

import math
from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate
from typing import Any

import pytest
import torch
from attrs import evolve
from torch import Tensor
from transformers import Gemma2Config, GPTNeoXConfig, LlamaConfig, Qwen2Config

from rlef_core import EpisodeId, MemoryQuestion, ModelSpec, Sampling, Trajectory, TurnSpan
from rlef_models.model import ModelError
from rlef_torch.cache import KeptCaches
from rlef_torch.config import TransformersConfig
from rlef_torch.decode import Decoder
from rlef_torch.families import GrpoConfig, LearningConfig, PpoConfig, RlooConfig, SftConfig
from rlef_torch.grpo import make_grpo
from rlef_torch.learner import Learner
from rlef_torch.memory.answering import policy_memory
from rlef_torch.memory.learning import optimizer_memory
from rlef_torch.model import load_model
from rlef_torch.ppo import make_ppo
from rlef_torch.request import Request
from rlef_torch.rloo import make_rloo
from rlef_torch.sft import make_sft

WITHIN = 0.15
COMMON: dict[str, Any] = {"vocab_size": 2048, "hidden_size": 64, "num_attention_heads": 4, "max_position_embeddings": 128}
LLAMA = LlamaConfig(**COMMON, intermediate_size=176, num_hidden_layers=4, num_key_value_heads=2, tie_word_embeddings=False)
QWEN = Qwen2Config(**COMMON, intermediate_size=256, num_hidden_layers=2, num_key_value_heads=4, tie_word_embeddings=True)
NEOX = GPTNeoXConfig(**COMMON, intermediate_size=256, num_hidden_layers=5)
GEMMA = Gemma2Config(**COMMON, intermediate_size=128, num_hidden_layers=2, num_key_value_heads=1, head_dim=48, query_pre_attn_scalar=32)
QWEN_SHAPES = [(2048, 64), *[(64, 64), (64,)] * 6, *[(64, 64)] * 2, *[(64, 256)] * 6, *[(64,)] * 5]
"""By hand: embeddings that are the output layer too; q, k, v with bias, o, gate, up, down; norms."""


def bytes_of(tensors: Iterable[Tensor]) -> int:
    """Each storage once."""
    return sum({each.untyped_storage().data_ptr(): each.untyped_storage().nbytes() for each in tensors}.values())


def most_on_top(work: Callable[[], object]) -> int:
    """The most bytes that `work` holds above what there was before, as torch's own allocator tells its profiler."""
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU], profile_memory=True) as profiler:
        work()
    assert profiler.profiler is not None
    events = [event for event in profiler.profiler.kineto_results.events() if event.name() == "[memory]"]
    return max(accumulate(event.nbytes() for event in sorted(events, key=lambda event: event.start_ns())))


def trajectory(number: int, length: int, prompt: int) -> Trajectory:
    generator = torch.Generator().manual_seed(number)
    ids = torch.randint(300, (length,), generator=generator).tolist()
    trained = [place >= prompt for place in range(length)]
    logprobs = [-5.0 if own else 0.0 for own in trained]
    versions = [0 if own else -1 for own in trained]
    turns = (TurnSpan(prompt, length, 1.0 + number % 2),)
    return Trajectory(EpisodeId("train", 0, "task", number), tuple(ids), tuple(trained), tuple(logprobs), tuple(versions), turns, 1.0)


def total(uses: Any, device: str = "cpu") -> int:
    return sum(use.bytes for use in uses if use.device == device)


def held_by(learner: Learner, episodes: Sequence[Trajectory]) -> int:
    """The peak of an update that is not the first, whose moments are new."""
    learner.learn(episodes, 0, 0)
    pupils = learner.updater.pupils.values()
    modules = [*learner.fixed, *(pupil.module for pupil in pupils)]
    weights = [parameter for module in modules for parameter in module.parameters()]
    moments = [tensor for pupil in pupils for tensor in pupil.stepper.state().values()]
    return bytes_of([*weights, *moments]) + most_on_top(lambda: learner.learn(episodes, 1, 1))


@pytest.mark.parametrize(
    ("model", "make", "config"),
    [
        (LLAMA, make_ppo, PpoConfig(micro_batch_tokens=512, logprob_chunk_tokens=128)),
        (LLAMA, make_ppo, PpoConfig(micro_batch_tokens=1024, gradient_checkpointing=True)),
        (QWEN, make_grpo, GrpoConfig(micro_batch_tokens=512, logprob_chunk_tokens=256, dtype="bfloat16")),
        (NEOX, make_sft, SftConfig(micro_batch_tokens=512, gradient_checkpointing=True)),
        (GEMMA, make_rloo, RlooConfig(micro_batch_tokens=256)),
    ],
    ids=["llama", "llama-checkpointed", "qwen-tied-bfloat16", "neox-sft", "gemma-eager"],
)
def test_an_optimizer_holds_what_is_foretold(model: Any, make: Any, config: LearningConfig, make_model: Any, with_model: Any) -> None:
    context = evolve(with_model(make_model(model), max_length=128), sequences_per_update=16)
    held = held_by(make(context.model.path, config, context), [trajectory(number, 128, 8) for number in range(16)])
    foretold = total(optimizer_memory(config, MemoryQuestion(context.model)))
    print(f"foretold / held = {foretold / held:.3f}")
    assert foretold == pytest.approx(held, rel=WITHIN)


@pytest.mark.parametrize(
    ("model", "config"),
    [
        (LLAMA, TransformersConfig(batch_size=24, prefill_tokens=1024)),
        (NEOX, TransformersConfig(batch_size=16, prefill_tokens=512, cache_bytes=0)),
    ],
    ids=["llama", "neox-without-kept-caches"],
)
def test_a_policy_holds_what_is_foretold(model: Any, config: TransformersConfig, make_model: Any) -> None:
    folder = make_model(model)
    decoder = Decoder(load_model(str(folder), torch.float32, torch.device("cpu")), KeptCaches(config.cache_bytes), config.prefill_tokens)

    @torch.inference_mode()
    def answer() -> None:
        for prompt, tokens in ((48, 16), (112, 16)):  # two turns, the second from what was kept of the first
            ids = [[number + 1] * prompt for number in range(config.batch_size)]
            decoder.join([Request(number, each, Sampling(ignore_end=True), frozenset(), tokens, True) for number, each in enumerate(ids)])
            while decoder.running:
                decoder.step()

    held = bytes_of(decoder.model.parameters()) + most_on_top(answer)
    question = MemoryQuestion(ModelSpec(str(folder), max_length=128), concurrency=config.batch_size)
    foretold = total(policy_memory(config, question))
    print(f"foretold / held = {foretold / held:.3f}")
    assert foretold == pytest.approx(held, rel=WITHIN)


def test_a_folder_with_a_config_alone_is_enough(make_model: Any, tmp_path: Any) -> None:
    whole = make_model(QWEN)
    (tmp_path / "config.json").write_bytes((whole / "config.json").read_bytes())
    config = PpoConfig(micro_batch_tokens=512)
    uses = [optimizer_memory(config, MemoryQuestion(ModelSpec(str(folder), max_length=128))) for folder in (whole, tmp_path)]
    assert uses[0] == uses[1]


def test_without_a_config_the_error_says_what_would_be_enough(tmp_path: Any) -> None:
    with pytest.raises(ModelError, match=r"holds no config\.json; .* a folder with its config\.json: --set model\.path=FOLDER"):
        optimizer_memory(PpoConfig(), MemoryQuestion(ModelSpec(str(tmp_path))))


def test_each_change_that_is_proposed_lowers_what_it_is_proposed_for(make_model: Any) -> None:
    spec = ModelSpec(str(make_model(QWEN)), max_length=128)
    config = PpoConfig(micro_batch_tokens=512, logprob_chunk_tokens=512)
    before = {use.what: use for use in optimizer_memory(config, MemoryQuestion(spec))}
    use = before["a micro-batch's passes"]
    keys = [change.partition("=")[0] for change in use.lower]
    assert keys == [f"optimizer.{key}" for key in ("gradient_checkpointing", "micro_batch_tokens", "dtype", "logprob_chunk_tokens")]
    for changed in ({"gradient_checkpointing": True}, {"micro_batch_tokens": 256}, {"dtype": "bfloat16"}, {"logprob_chunk_tokens": 256}):
        after = {use.what: use for use in optimizer_memory(evolve(config, **changed), MemoryQuestion(spec))}
        assert after[use.what].bytes < use.bytes, changed


def test_a_publication_that_lies_in_memory_counts_on_the_host(make_model: Any) -> None:
    spec = ModelSpec(str(make_model(QWEN)), dtype="bfloat16", max_length=128)
    parameters = sum(math.prod(shape) for shape in QWEN_SHAPES)
    uses = optimizer_memory(SftConfig(), MemoryQuestion(spec, devices=("cuda:3",), accelerated=True, scheme="shm"))
    assert [(use.device, use.bytes) for use in uses if use.what == "published weights (shm)"] == [("cpu", 2 * parameters)]
    assert {use.device for use in uses if "published" not in use.what} == {"cuda:3"}
    assert next(use.bytes for use in uses if use.what == "policy's weights") == 4 * parameters
