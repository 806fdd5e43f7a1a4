"""An engine that is killed comes back with its weights, or says what happened; the one engine does not outlive these tests."""

import asyncio
import os
import signal
from collections.abc import Callable, Sequence
from typing import Any

import psutil
import pytest
from attrs import evolve

from rlef_core import PolicyFault
from rlef_vllm.policy import VllmPolicy

pytestmark = pytest.mark.repository


async def test_an_engine_that_is_killed_comes_back_with_the_weights_it_had(
    lend: Callable[[], VllmPolicy], trainer: Any, run: Any, play: Any
) -> None:
    policy = lend()
    await policy.load(trainer.published(3))
    before = policy.engine._processes
    running = [asyncio.create_task(play(policy, number, max_tokens=200)) for number in range(4)]
    await asyncio.sleep(0.1)
    os.kill(before[0].pid, signal.SIGKILL)
    outcomes: Sequence[Any] = await asyncio.gather(*running, return_exceptions=True)
    assert all(isinstance(each, PolicyFault) and "died while it answered" in str(each) for each in outcomes)
    (action,) = await play(policy)
    assert action.logprobs == pytest.approx(trainer.logprobs(3, action.prompt_ids, action.ids, 1.0), abs=1e-4)
    assert not any(alive(process) for process in before)
    run.metrics.values.clear()
    await policy.load(trainer.published(1))
    assert run.metrics.values["policy/engine_restarts"] == [1]


async def test_without_restarts_left_every_request_says_what_happened(policy: VllmPolicy, trainer: Any, play: Any) -> None:
    """Last on this engine: it is gone then."""
    engine = policy.engine
    await engine.load(trainer.published(1))
    engine.launch = evolve(engine.launch, config=evolve(engine.launch.config, restarts=engine.restarts))
    os.kill(engine._processes[-1].pid, signal.SIGKILL)
    with pytest.raises(PolicyFault, match="died while it answered"):
        await play(policy, max_tokens=200)
    with pytest.raises(PolicyFault, match=r"policy\.restarts \(1\) are used up"):
        await play(policy)
    with pytest.raises(PolicyFault, match="does not run"):
        await policy.load(trainer.published(2))
    assert not any(alive(process) for process in engine._processes)


def alive(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
