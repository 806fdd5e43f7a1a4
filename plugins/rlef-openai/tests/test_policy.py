"""What the policy sends and what it makes of the answers, against a real server on loopback whose answers the test writes."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.chat import ChatCompletion

from rlef_core import (
    Action,
    Conversation,
    Episode,
    EpisodeId,
    Finish,
    Message,
    PolicyFault,
    Problem,
    Sampling,
    Stop,
    Trajectory,
    Turn,
    UsageError,
    Weights,
)
from rlef_openai.answer import STAND_IN, action_of
from rlef_openai.request import said

EPISODE = EpisodeId("train", 0, "task", 0)
QUESTION = (Message("system", "be brief"), Message("user", "who are you?"))
MORE = (Message("user", "again"),)


def trajectory_of(actions: Sequence[Action]) -> Trajectory:
    problem = Problem("task", "who?", "python", ())
    turns = tuple(Turn(QUESTION, action, None, None) for action in actions)
    return Trajectory.from_episode(Episode(EPISODE, problem, turns, None, Stop.TURN_LIMIT), (0.0,) * len(turns))


async def ask(conversation: Conversation, messages: Sequence[Message] = QUESTION, **sampling: Any) -> Action:
    return await conversation.act(messages, Sampling(**sampling))


async def test_a_conversation_is_sent_whole_each_turn(server: Any, policy_of: Any, replies: Any) -> None:
    server.answering = lambda heard: replies.completion("hello", prompt=10 * len(heard.body["messages"]))
    async with policy_of(server.url, model="llama") as policy, policy.open(EPISODE) as conversation:
        await ask(conversation, temperature=0.7, top_p=0.9, max_tokens=50, seed=3)
        await ask(conversation, MORE)
    first, second = (heard.body for heard in server.heard)
    opening = [{"role": "system", "content": "be brief"}, {"role": "user", "content": "who are you?"}]
    assert first == {"model": "llama", "messages": opening, "temperature": 0.7, "top_p": 0.9, "max_tokens": 50, "seed": 3}
    assert second["messages"] == [*opening, {"role": "assistant", "content": "hello"}, {"role": "user", "content": "again"}]
    assert "seed" not in second


async def test_settings_that_a_server_needs_are_sent(server: Any, policy_of: Any) -> None:
    settings: Any = {"limit_field": "max_completion_tokens", "token_ids": True, "extra": {"top_k": 5, "chat_template_kwargs": {"a": 1}}}
    async with policy_of(server.url, **settings) as policy, policy.open(EPISODE) as conversation:
        await ask(conversation, max_tokens=7)
    body = server.heard[0].body
    assert (body["max_completion_tokens"], body["top_k"], body["chat_template_kwargs"]) == (7, 5, {"a": 1})
    assert (body["return_token_ids"], body["logprobs"]) == (True, True)
    assert "max_tokens" not in body


async def test_stand_in_ids_are_as_many_as_the_server_counted_and_make_a_trajectory(server: Any, policy_of: Any, replies: Any) -> None:
    counts = iter([(10, 4), (20, 5), (22, 2)])
    server.answering = lambda heard: replies.completion("hello", *next(counts))
    async with policy_of(server.url) as policy, policy.open(EPISODE) as conversation:
        await policy.load(Weights(3, "unchanged"))
        actions = [await ask(conversation), await ask(conversation, MORE), await ask(conversation, MORE)]
    # The last prompt is counted shorter than what was said before it: it still grows, by one.
    assert [(len(action.prompt_ids), len(action.ids)) for action in actions] == [(10, 4), (20, 5), (26, 2)]
    trajectory = trajectory_of(actions)
    assert len(trajectory.ids) == 28
    assert set(trajectory.ids) == {STAND_IN}
    assert sum(trajectory.trained) == 11
    assert set(trajectory.versions) == {3, -1}
    assert set(trajectory.logprobs) == {0.0}


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 9), st.booleans()), min_size=1, max_size=5))
def test_prompts_continue_one_another_whatever_a_server_counts_or_tells(turns: list[tuple[int, int, bool]]) -> None:
    known: tuple[int, ...] = ()
    actions = []
    for prompt, count, tells in turns:
        ids = {"prompt_token_ids": list(range(prompt)), "choices": [{"token_ids": list(range(count))}]} if tells else {"choices": [{}]}
        actions.append(action_of(parsed(prompt, count, ids), known, 9, 0))
        assert actions[-1].prompt_ids[: len(known)] == known
        assert len(actions[-1].prompt_ids) > len(known)
        assert len(actions[-1].ids) == len(actions[-1].logprobs) == count
        known = actions[-1].prompt_ids + actions[-1].ids
    assert sum(trajectory_of(actions).trained) == sum(count for _, count, _ in turns)


def parsed(prompt: int, count: int, told: dict[str, Any]) -> Any:
    choice = {"index": 0, "message": {"role": "assistant", "content": "x"}, "finish_reason": "stop", **told["choices"][0]}
    usage = {"prompt_tokens": prompt, "completion_tokens": count, "total_tokens": prompt + count}
    return ChatCompletion.model_validate(
        {"id": "1", "object": "chat.completion", "created": 0, "model": "m", "usage": usage, **told, "choices": [choice]}
    )


async def test_ids_and_log_probs_are_the_servers_where_it_tells_them(server: Any, policy_of: Any, replies: Any) -> None:
    told = {"token_ids": [7, 8], "logprobs": {"content": [{"token": "a", "logprob": -0.5, "top_logprobs": []}] * 2}}
    server.answering = lambda heard: replies.completion("ab", 3, 2, choice=told, prompt_token_ids=[1, 2, 3])
    async with policy_of(server.url, token_ids=True) as policy, policy.open(EPISODE) as conversation:
        action = await ask(conversation)
    assert (action.prompt_ids, action.ids, action.logprobs) == ((1, 2, 3), (7, 8), (-0.5, -0.5))


@pytest.mark.parametrize(
    ("said_by_server", "tokens", "finish"),
    [
        ("stop", 3, Finish.STOP),
        ("length", 8, Finish.LENGTH),
        ("length", 3, Finish.CONTEXT),
        ("content_filter", 3, Finish.ABORT),
    ],
)
async def test_why_an_answer_ended(server: Any, policy_of: Any, replies: Any, said_by_server: str, tokens: int, finish: Finish) -> None:
    server.answering = lambda heard: replies.completion("a", 10, tokens, said_by_server)
    async with policy_of(server.url) as policy, policy.open(EPISODE) as conversation:
        assert (await ask(conversation, max_tokens=8)).finish is finish


FULL = "This model's maximum context length is 20 tokens. However, your prompt contains 30 input tokens."


async def test_a_prompt_that_fills_the_context_leaves_no_room(server: Any, policy_of: Any, replies: Any) -> None:
    async with policy_of(server.url) as policy, policy.open(EPISODE) as conversation:
        first = await ask(conversation)
        server.answering = lambda heard: replies.refusal(400, FULL)
        last = await ask(conversation, MORE)
    assert (last.finish, last.prompt_ids, last.ids, last.spans) == (Finish.CONTEXT, first.prompt_ids + first.ids, (), ())


@pytest.mark.parametrize(
    "words",
    [
        {"message": "too long", "code": "context_length_exceeded"},
        {"message": "max_tokens=1024 cannot be greater than max_model_len=512. Please request fewer output tokens."},
        {"message": "the request exceeds the available context size (4096 tokens), try increasing it"},
    ],
)
async def test_a_server_that_refuses_too_long_an_answer_is_asked_without_that_bound(
    server: Any, policy_of: Any, replies: Any, words: dict[str, str]
) -> None:
    server.answering = lambda heard: (
        replies.refusal(400, **words) if "max_tokens" in heard.body else replies.completion("a", 10, 5, "length")
    )
    async with policy_of(server.url) as policy, policy.open(EPISODE) as conversation:
        action = await ask(conversation, max_tokens=100)
    assert (action.finish, len(action.ids)) == (Finish.CONTEXT, 5)


async def test_sampling_past_the_end_is_refused(server: Any, policy_of: Any) -> None:
    async with policy_of(server.url) as policy, policy.open(EPISODE) as conversation:
        with pytest.raises(UsageError, match="cannot sample past an end of turn"):
            await ask(conversation, ignore_end=True)
    assert not server.heard


def test_a_message_beyond_its_tokens_loses_its_middle() -> None:
    assert said(Message("user", "abcdefghijkl", max_tokens=2), 4.0) == {"role": "user", "content": "abcdefkl"}
    assert said(Message("user", "abcdefgh", max_tokens=2), 4.0)["content"] == "abcdefgh"
    assert said(Message("user", "abcdefgh", max_tokens=2), 1.5)["content"] == "abc"


async def test_a_lost_request_leaves_the_conversation_as_it_was(server: Any, policy_of: Any, replies: Any) -> None:
    server.answering = lambda heard: replies.Reply(status=0)
    async with policy_of(server.url) as policy, policy.open(EPISODE) as conversation:
        with pytest.raises(PolicyFault):
            await ask(conversation)
        server.answering = lambda heard: replies.completion()
        await ask(conversation)
    assert server.heard[0].body == server.heard[1].body


async def test_cancelling_an_answer_takes_the_request_back(server: Any, policy_of: Any, replies: Any) -> None:
    server.answering = lambda heard: replies.Reply()
    async with policy_of(server.url, requests_at_once=1) as policy, policy.open(EPISODE) as conversation:
        asking = asyncio.create_task(ask(conversation))
        while not server.heard:
            await asyncio.sleep(0.01)
        asking.cancel()
        await asyncio.wait([asking])
        async with asyncio.timeout(20):
            while not server.gone:
                await asyncio.sleep(0.01)
        server.answering = lambda heard: replies.completion("still here")
        assert (await ask(conversation)).text == "still here"


async def test_no_more_requests_are_under_way_than_allowed(server: Any, policy_of: Any) -> None:
    async def episode(policy: Any) -> None:
        async with policy.open(EPISODE) as conversation:
            await ask(conversation)

    async with policy_of(server.url, requests_at_once=3) as policy:
        await asyncio.gather(*(episode(policy) for _ in range(12)))
    assert (len(server.heard), server.most_at_once) == (12, 3)


async def test_requests_are_spaced_as_the_rate_says_and_retries_are_among_them(server: Any, policy_of: Any, replies: Any) -> None:
    server.answering = lambda heard: (
        replies.refusal(429, "slow down", {"retry-after-ms": "1"}) if len(server.heard) == 1 else replies.completion()
    )
    async with policy_of(server.url, requests_per_minute=60 / 0.2, retries=1) as policy, policy.open(EPISODE) as conversation:
        await ask(conversation)
        await ask(conversation, MORE)
    times = [heard.at for heard in server.heard]
    assert len(times) == 3
    # A request that was late does not let the next be early: only the distance to the turn before counts.
    assert times[2] - times[0] > 0.35
