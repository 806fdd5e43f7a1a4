"""The baseline that the policy is measured beside answers as the policy does, and is started as the policy is."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
from attrs import evolve
from click.testing import CliRunner

from rlef_core import Action
from rlef_core.cli import main
from rlef_core.registry import discover
from rlef_vllm.bare import BareAsyncLLM
from rlef_vllm.benchmarks import benchmark
from rlef_vllm.config import VllmConfig
from rlef_vllm.plugin import offer
from rlef_vllm.policy import VllmPolicy

pytestmark = pytest.mark.repository

SPEC = """\
name: bare
run: {{directory: {folder}}}
model: {{path: {model}, max_length: 512}}
threads: {{policy: 1}}
tasks: {{train: {{use: tiny-programs}}}}
policy: {{use: scripted, answers: ["no"]}}
feedback: {{use: failing-cases}}
"""
"""A policy that is there at once, so that the baseline's engine is the only one."""


async def test_it_answers_with_the_same_ids_and_log_probs(lend: Callable[[], VllmPolicy], trainer: Any, play: Any) -> None:
    policy = lend()
    await policy.load(trainer.published(1))
    engine = policy.engine
    assert engine._llm is not None
    bare = BareAsyncLLM(engine._llm, policy.tokenizer, policy.longest)
    there = asyncio.run_coroutine_threadsafe(play(bare, turns=3), engine._loop)  # in the engine's event loop, as AsyncLLM stays in one
    theirs: list[Action] = await asyncio.wrap_future(there)
    for ours, other in zip(await play(policy, turns=3), theirs, strict=True):
        assert (ours.text, ours.prompt_ids, ours.ids, ours.finish) == (other.text, other.prompt_ids, other.ids, other.finish)
        assert ours.logprobs == pytest.approx(other.logprobs, abs=1e-4)


def test_it_stands_beside_vllm_alone_and_has_one_engine() -> None:
    registry = discover()
    assert "bare-asyncllm" in [each.component.name for each in registry.baselines("policy", "vllm")]
    assert "bare-asyncllm" not in [each.component.name for each in registry.baselines("policy", "transformers")]
    (bare,) = benchmark(offer).baselines
    assert bare.offers(VllmConfig()).unavailable is None
    assert bare.offers(evolve(VllmConfig(), replicas=2)).unavailable == "it is one engine, expected policy.replicas 1"


def test_the_bench_starts_it_with_the_settings_of_a_block_and_ends_it(llama: Path, tmp_path: Path) -> None:
    before = psutil.Process().children(recursive=True)
    (tmp_path / "spec.yaml").write_text(SPEC.format(folder=tmp_path / "run", model=llama))
    rival = "{use: bare-asyncllm, eager: true, kv_cache_bytes: 64MB}"
    words = ["bench", "policy", str(tmp_path / "spec.yaml"), "--against", rival, "--conversations", "2", "--tokens", "8", "--turns", "2"]
    done = CliRunner().invoke(main, [*words, "--pairs", "1", "--json"])
    assert done.exit_code == 0, done.output
    figures = json.loads(done.stdout)["figures"]["bare-asyncllm(eager=true, kv_cache_bytes=64MB)"]
    assert figures["whole/short_answers"]["value"] == 0
    assert figures["turn2/tokens_per_second"]["value"] > 0
    assert [each for each in psutil.Process().children(recursive=True) if each not in before] == []
