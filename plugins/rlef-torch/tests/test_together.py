"""What is asked together gets the same bits, whatever was asked before, and loses all or nothing."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
from attrs import evolve
from transformers import AutoModelForCausalLM

from rlef_core import Action, BatchPolicy, BatchRequest, EpisodeId, Finish, Message, PolicyFault, Sampling, Weights
from rlef_torch.config import TransformersConfig
from rlef_torch.plugin import rlef_register_policies
from rlef_torch.policy import TransformersPolicy

EPISODE = EpisodeId("train", 0, "task", 0)
AGAIN = (Message("user", "no, try again"),)


@asynccontextmanager
async def policy_of(context: Any, **settings: Any) -> AsyncIterator[TransformersPolicy]:
    policy = TransformersPolicy.build(TransformersConfig(**settings), context)
    try:
        yield policy
    finally:
        await policy.close()


def opening(number: int) -> tuple[Message, ...]:
    return (Message("user", "print " + "x" * (7 * number % 23)),)


async def two_turns(policy: TransformersPolicy, episodes: int = 12, seeds: bool = True) -> list[Action]:
    """Both turns of many conversations, a third of which end after the first."""
    async with AsyncExitStack() as stack:
        conversations = []
        for _ in range(episodes):
            own = await stack.enter_async_context(AsyncExitStack())
            conversations.append((own, await own.enter_async_context(policy.open(EPISODE))))
        first = await policy.act_together([request(each, opening(n), n, seeds) for n, (_, each) in enumerate(conversations)])
        for own, _ in conversations[::3]:
            await own.aclose()
        left = [each for n, (_, each) in enumerate(conversations) if n % 3]
        second = await policy.act_together([request(each, AGAIN, 100 + n, seeds) for n, each in enumerate(left)])
    return [*first, *second]


def request(conversation: Any, messages: tuple[Message, ...], number: int, seeds: bool = True) -> BatchRequest:
    return BatchRequest(conversation, messages, Sampling(max_tokens=6 + number % 9, seed=number if seeds else None))


async def act_alone(policy: TransformersPolicy, numbers: Sequence[int]) -> None:
    """An arrival history: conversations that come and go one by one, of other lengths, without seeds."""

    async def play(number: int) -> None:
        async with policy.open(EPISODE) as conversation:
            await conversation.act(opening(number), Sampling(max_tokens=number))
            await conversation.act(AGAIN, Sampling(max_tokens=3))

    await asyncio.gather(*(play(number) for number in numbers))


async def after(context: Any, numbers: Sequence[int], weights: Weights, seeds: bool = True, **settings: Any) -> list[Action]:
    async with policy_of(context, **settings) as policy:
        await act_alone(policy, numbers)
        await policy.load(weights)
        return await two_turns(policy, seeds=seeds)


@pytest.fixture(scope="module")
def weights(make_model: Any) -> Weights:
    return Weights(4, "memory", dict(AutoModelForCausalLM.from_pretrained(make_model(seed=1)).named_parameters()))


@pytest.mark.parametrize("settings", [{}, {"cache_bytes": 60_000}, {"batch_size": 5, "join_every": 3}, {"prefill_tokens": 64}])
async def test_fresh_policies_with_other_histories_give_the_same_bits(context: Any, weights: Weights, settings: Any) -> None:
    first = await after(context, [3, 40, 11], weights, **settings)
    second = await after(context, [70, 5], weights, **settings)
    assert first == second
    assert len({action.ids for action in first}) > 15
    evictions, reuse = (context.metrics.values[name] for name in ("policy/kv_evictions", "policy/kv_reuse_rate"))
    assert sum(reuse) > 0
    assert (sum(evictions) > 0) == ("cache_bytes" in settings)


async def test_without_seeds_the_run_and_the_prompts_decide(context: Any, weights: Weights) -> None:
    first = await after(context, [3, 40], weights, seeds=False)
    assert first == await after(context, [5], weights, seeds=False)
    assert len({action.ids for action in first}) > 15


async def test_the_answers_are_those_of_each_alone(context: Any) -> None:
    async with policy_of(context) as policy:
        together = (await two_turns(policy, 4))[:4]
        for number, action in enumerate(together):
            async with policy.open(EPISODE) as conversation:
                asked = request(conversation, opening(number), number)
                alone = await conversation.act(asked.messages, asked.sampling)
            assert (alone.ids, alone.finish, alone.prompt_ids) == (action.ids, action.finish, action.prompt_ids)
            assert alone.logprobs == pytest.approx(action.logprobs, abs=1e-5)


async def test_requests_without_room_end_with_the_context_and_the_others_are_answered(context: Any) -> None:
    small = evolve(context, model=evolve(context.model, max_length=40))
    async with policy_of(small) as policy, AsyncExitStack() as stack:
        conversations = [await stack.enter_async_context(policy.open(EPISODE)) for _ in range(2)]
        long = (Message("user", "print the answer " * 9),)
        full, fine = await policy.act_together([request(conversations[0], long, 0), request(conversations[1], opening(1), 1)])
    assert (full.finish, full.ids, full.spans) == (Finish.CONTEXT, (), ())
    assert fine.ids


async def test_a_lost_batch_is_one_fault_and_the_same_messages_may_be_asked_again(context: Any) -> None:
    async with policy_of(context) as policy, AsyncExitStack() as stack:
        expected = (await two_turns(policy, 4))[:4]
        requests = [request(await stack.enter_async_context(policy.open(EPISODE)), opening(n), n) for n in range(4)]
        broken = policy.model.get_input_embeddings().register_forward_hook(raise_a_fault)
        with pytest.raises(PolicyFault, match="the batch of 4 requests was lost: RuntimeError: no memory"):
            await policy.act_together(requests)
        broken.remove()
        assert await policy.act_together(requests) == expected


async def test_those_who_ask_alone_meanwhile_are_answered_afterwards(context: Any) -> None:
    async with policy_of(context) as policy:
        expected = await two_turns(policy)
        actions, _ = await asyncio.gather(two_turns(policy), act_alone(policy, [20, 30]))
    assert actions == expected


async def test_a_batch_waits_while_the_policy_is_suspended(context: Any) -> None:
    async with policy_of(context) as policy:
        await policy.suspend()
        task = asyncio.create_task(two_turns(policy, 2))
        await asyncio.sleep(0.05)
        assert not task.done()
        await policy.resume()
        assert len(await task) == 3


async def test_a_batch_that_is_cancelled_while_it_waits_holds_on_to_no_cache_of_those_who_ended(context: Any) -> None:
    async with policy_of(context) as policy, policy.open(EPISODE) as first:
        await first.act(opening(0), Sampling(max_tokens=3))
        async with policy.open(EPISODE) as second:
            running = asyncio.create_task(second.act(opening(1), Sampling(max_tokens=150, ignore_end=True)))
            while not policy.engine.running():
                await asyncio.sleep(0)
            policy.engine.forget(first)
            assert policy.engine.answer_together([]).cancel()
            await running
        await policy.load(Weights(1, "unchanged"))  # comes after all that was queued before
        assert policy.engine.kept_bytes() == 0


async def test_closing_the_policy_ends_a_batch_that_waits(context: Any) -> None:
    async with policy_of(context) as policy:
        await policy.suspend()
        task = asyncio.create_task(two_turns(policy, 2))
        await asyncio.sleep(0.05)
        await policy.close()
        with pytest.raises(PolicyFault, match="closed while a request was open"):
            await task


async def test_a_conversation_of_another_policy_is_refused(context: Any) -> None:
    async with policy_of(context) as policy:
        with pytest.raises(TypeError, match="expected a conversation that this policy opened"):
            await policy.act_together([BatchRequest(object(), opening(1), Sampling())])  # type: ignore[arg-type]  # the fault looked for


async def test_the_policy_says_that_it_can(context: Any) -> None:
    (component,) = rlef_register_policies()
    async with policy_of(context) as policy:
        assert isinstance(policy, BatchPolicy)
    assert component.offers(component.config()).deterministic


def raise_a_fault(*_: Any) -> None:
    raise RuntimeError("no memory")
