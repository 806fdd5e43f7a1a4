"""An optimizer publishes to other processes what it computes with, and tells how far the sampler's log-probs are from its own."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
from attrs import evolve
from transformers import AutoModelForCausalLM

from rlef_core import EpisodeId, Message, Sampling, Trajectory, TurnSpan
from rlef_models.transfer import Receiver
from rlef_torch.config import TransformersConfig
from rlef_torch.families import GrpoConfig, PpoConfig, SftConfig
from rlef_torch.grpo import make_grpo
from rlef_torch.lessons import Lesson
from rlef_torch.optimizer import TorchOptimizer
from rlef_torch.policy import TransformersPolicy
from rlef_torch.ppo import make_ppo
from rlef_torch.report import parity_metrics
from rlef_torch.returns import Scores, Targets
from rlef_torch.sft import make_sft

FAST = PpoConfig(learning_rate=1e-3, warmup_updates=0)


@asynccontextmanager
async def optimizer_of(context: Any, make: Any = make_ppo, config: Any = FAST) -> AsyncIterator[TorchOptimizer]:
    optimizer = TorchOptimizer.build(make, config, context, "mine")
    try:
        yield optimizer
    finally:
        await optimizer.close()


def trajectory(version: int = 0) -> Trajectory:
    ids = tuple(range(10, 22))
    trained = (False,) * 4 + (True,) * 8
    versions, logprobs = (-1,) * 4 + (version,) * 8, (0.0,) * 4 + (-5.0,) * 8
    return Trajectory(EpisodeId("train", 0, "task", 0), ids, trained, logprobs, versions, (TurnSpan(4, 12, 1.0),), 1.0)


@pytest.mark.parametrize(("make", "config"), [(make_ppo, FAST), (make_grpo, GrpoConfig()), (make_sft, SftConfig())])
async def test_every_family_publishes_into_memory_of_other_processes(context: Any, make: Any, config: Any) -> None:
    async with optimizer_of(context, make, config) as optimizer:
        async with optimizer.publish("memory") as live, optimizer.publish("shm") as weights:
            got = dict(Receiver().receive(weights.payload, rank=0, device="cpu"))
            assert live.probe is None
            assert list(got) == list(live.payload)
            assert all(torch.equal(got[name], tensor) for name, tensor in live.payload.items())
        assert context.metrics.values["optimizer/published_bytes"] == [sum(each.nbytes for each in got.values())]


async def test_publications_follow_the_updates_and_the_dtype_of_the_policy(context: Any) -> None:
    half = evolve(context, model=evolve(context.model, dtype="bfloat16"))
    async with optimizer_of(half) as optimizer:
        async with optimizer.publish("file") as first:
            before = dict(Receiver().receive(first.payload, rank=0, device="cpu"))
            path = Path(first.payload["path"])
        await optimizer.update([trajectory()] * 4)
        async with optimizer.publish("file") as second:
            after = dict(Receiver().receive(second.payload, rank=0, device="cpu"))
    assert path.parent == context.directory / "components" / "mine" / "published"
    assert list(path.parent.iterdir()) == []
    assert {each.dtype for each in after.values()} == {torch.bfloat16}
    assert not all(torch.equal(before[name], after[name]) for name in before)
    assert (first.version, second.version) == (0, 1)
    assert first.probe is not None
    assert second.probe is not None
    assert first.probe.ids == second.probe.ids
    assert first.probe.logprobs != second.probe.logprobs


async def test_the_probe_is_what_the_model_computes_for_64_ids_of_plain_text(context: Any) -> None:
    model: Any = AutoModelForCausalLM.from_pretrained(context.model.path)
    async with optimizer_of(context) as optimizer, optimizer.publish("shm") as weights:
        probe = weights.probe
    assert probe is not None
    assert len(probe.ids) == 64
    assert max(probe.ids) < 290  # of 300 ids, the tokenizer names so many
    assert len(set(probe.ids)) > 40
    with torch.no_grad():
        expected = model(torch.tensor([probe.ids])).logits[0].log_softmax(-1)
    assert list(probe.logprobs) == pytest.approx([float(expected[at, id]) for at, id in enumerate(probe.ids[1:])], abs=1e-5)


async def test_an_unknown_scheme_is_refused(context: Any) -> None:
    async with optimizer_of(context) as optimizer:
        with pytest.raises(ValueError, match="'pigeon', expected one of 'memory', 'shm', 'file', 'ipc', 'nccl', 'gloo'"):
            async with optimizer.publish("pigeon"):
                pass


def lesson(own: Sequence[float], told: Sequence[float], versions: Sequence[int]) -> Lesson:
    """A lesson of one turn whose tokens have these log-probs of the trainer and of the sampler."""
    each = trajectory()
    stop = 4 + len(told)
    each = evolve(each, versions=(-1,) * 4 + tuple(versions), turns=(TurnSpan(4, stop, 1.0),))
    ours, theirs = torch.tensor(own), torch.tensor(told)
    scores = Scores(torch.tensor([1.0]), [len(own)], ours, ours, None)
    return Lesson(each, theirs, torch.ones_like(ours), scores, Targets(*(ours,) * 6))


def test_parity_counts_the_tokens_of_the_published_version_alone() -> None:
    # distances 0.25, 0.5 at version 3; 0.125 at version 3 in the second lesson; 2.0 and 4.0 were sampled by version 2
    lessons = [
        lesson([-1.0, -1.0, -3.0], [-3.0, -1.25, -2.5], [2, 3, 3]),
        lesson([-1.0, -5.0], [-0.875, -1.0], [3, 2]),
    ]
    assert parity_metrics(lessons, 3, bound=0.25) == {
        "optimizer/parity_mean": pytest.approx(0.875 / 3),
        "optimizer/parity_max": 0.5,
        "optimizer/parity_share": pytest.approx(1 / 3),
    }
    assert parity_metrics(lessons, 2, bound=3.0)["optimizer/parity_share"] == 0.5
    assert parity_metrics(lessons, 1, bound=0.25) == {}


@pytest.mark.parametrize("temperature", [1.0, 0.7])
async def test_parity_with_the_policy_transformers_is_that_of_float32(context: Any, temperature: float) -> None:
    policy = TransformersPolicy.build(TransformersConfig(), context)
    async with optimizer_of(context) as optimizer:
        async with optimizer.publish("memory") as weights:
            await policy.load(weights)
        report = await optimizer.update([await played(policy, number, temperature) for number in range(4)])
        stale = await optimizer.update([await played(policy, number, temperature) for number in range(4)])
    await policy.close()
    assert report.metrics["optimizer/parity_mean"] < 1e-6
    assert report.metrics["optimizer/parity_max"] < 1e-5
    assert report.metrics["optimizer/parity_share"] == 0
    assert "optimizer/parity_max" not in stale.metrics  # the policy has not loaded what was learned


async def played(policy: TransformersPolicy, number: int, temperature: float) -> Trajectory:
    id = EpisodeId("train", 0, "task", number)
    async with policy.open(id) as conversation:
        action = await conversation.act(
            [Message("user", "print the answer")], Sampling(temperature=temperature, max_tokens=12, seed=number)
        )
    start, stop = len(action.prompt_ids), len(action.prompt_ids) + len(action.ids)
    return Trajectory(
        id,
        (*action.prompt_ids, *action.ids),
        (False,) * start + (True,) * len(action.ids),
        (0.0,) * start + action.logprobs,
        (-1,) * start + (action.spans[0].version,) * len(action.ids),
        (TurnSpan(start, stop, float(number % 2)),),
        temperature,
    )
