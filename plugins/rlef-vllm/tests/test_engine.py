"""The engine takes weights in place, sees wrong ones, and remembers earlier turns."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from rlef_core import Action, EpisodeId, Message, PolicyFault, Sampling
from rlef_vllm.policy import VllmPolicy

pytestmark = pytest.mark.repository


@pytest.mark.parametrize("scheme", ["shm", "file", "gloo"])
async def test_weights_come_by_every_scheme_for_cpus(lend: Callable[[], VllmPolicy], trainer: Any, scheme: str, play: Any) -> None:
    policy = lend()
    for version in (1, 2):
        async with trainer.publish(version, scheme) as weights:
            await policy.load(weights)
        (action,) = await play(policy)
        expected = trainer.logprobs(version, action.prompt_ids, action.ids, 1.0)
        assert action.logprobs == pytest.approx(expected, abs=1e-4)
        assert [span.version for span in action.spans] == [version]


async def test_a_load_that_leaves_old_weights_behind_is_found(lend: Callable[[], VllmPolicy], trainer: Any, play: Any) -> None:
    policy = lend()
    await policy.load(trainer.published(1))
    async with trainer.publish(2, of=1) as weights:
        with pytest.raises(PolicyFault, match=r"after the load of version 2 vLLM's log-probs are up to .* nats .*policy\.verify_bound"):
            await policy.load(weights)
    await policy.load(trainer.published(3))
    assert (await play(policy))[0].spans[0].version == 3


async def test_turns_after_the_first_are_served_by_the_prefix_cache(
    lend: Callable[[], VllmPolicy], trainer: Any, run: Any, play: Any
) -> None:
    policy = lend()
    await policy.load(trainer.published(1))
    run.metrics.values.clear()
    actions = await play(policy, turns=3, max_tokens=24)
    rates = run.metrics.values["policy/kv_reuse_rate"]
    for before, after, rate in zip(actions[:-1], actions[1:], rates[1:], strict=True):
        known = len(before.prompt_ids) + len(before.ids)
        assert rate * len(after.prompt_ids) > known - 32, "less than all but a block or two of the ids before was served"
    assert rates[0] == 0


async def test_a_load_empties_the_prefix_cache(lend: Callable[[], VllmPolicy], trainer: Any, run: Any, play: Any) -> None:
    policy = lend()
    await policy.load(trainer.published(1))
    await play(policy, max_tokens=1)
    await policy.load(trainer.published(2))
    run.metrics.values.clear()
    await play(policy, max_tokens=1)
    assert run.metrics.values["policy/kv_reuse_rate"] == [0]


async def test_cancelled_and_late_answers_leave_no_request_in_the_engine(lend: Callable[[], VllmPolicy], trainer: Any, play: Any) -> None:
    policy = lend()
    await policy.load(trainer.published(1))
    running = [asyncio.create_task(play(policy, number, max_tokens=200)) for number in range(8)]
    await asyncio.sleep(0.05)
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)
    await play(policy)
    assert policy.engine._llm is not None
    assert policy.engine._llm.get_num_unfinished_requests() == 0


async def test_more_prompts_than_a_step_takes_at_once_are_answered(lend: Callable[[], VllmPolicy], trainer: Any) -> None:
    policy = lend()
    await policy.load(trainer.published(1))

    async def ask(number: int) -> Action:
        async with policy.open(EpisodeId("train", 0, "task", number)) as conversation:
            return await conversation.act([Message("user", f"{number} " * 70)], Sampling(max_tokens=2, seed=number))

    actions = await asyncio.gather(*map(ask, range(10, 74)))
    assert sum(len(action.prompt_ids) for action in actions) > policy.engine.launch.config.prefill_tokens
    for action in actions:
        assert action.logprobs == pytest.approx(trainer.logprobs(1, action.prompt_ids, action.ids, 1.0), abs=1e-4)
