"""Several replicas as one policy: who gets an episode, that it stays there, and what becomes of a replica that fails."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlef_core import Action, Conversation, EpisodeId, Finish, Message, PolicyFault, Replicas, Sampling, VersionSpan, Weights

QUESTION = (Message("user", "who are you?"),)


class Numbered:
    """A policy whose every answer is its own number; it fails the next call of each method that is named in `failing`."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.version = 0
        self.failing: set[str] = set()
        self.noted: list[str] = []
        self.gate = asyncio.Event()
        self.gate.set()

    @asynccontextmanager
    async def open(self, episode: EpisodeId) -> AsyncIterator[Conversation]:
        await self.note("open")
        yield self

    async def act(self, messages: Sequence[Message], sampling: Sampling) -> Action:
        await self.note("act")
        return Action(str(self.number), (), (1,), (0.0,), (VersionSpan(0, self.version),), Finish.STOP)

    async def load(self, weights: Weights) -> None:
        await self.note("load")
        self.version = weights.version

    async def suspend(self) -> None:
        await self.note("suspend")

    async def resume(self) -> None:
        await self.note("resume")

    async def close(self) -> None:
        await self.note("close")

    async def note(self, call: str) -> None:
        self.noted.append(call)
        await self.gate.wait()
        if call in self.failing:
            self.failing.remove(call)
            raise PolicyFault(f"the engine died in {call}")


def numbered(count: int) -> list[Numbered]:
    return [Numbered(number) for number in range(count)]


def episode(number: int) -> EpisodeId:
    return EpisodeId("train", 0, "task", number)


async def ask(conversation: Conversation) -> int:
    return int((await conversation.act(QUESTION, Sampling())).text)


def steps(most: int) -> st.SearchStrategy[list[tuple[str, int]]]:
    return st.lists(st.tuples(st.sampled_from(["open", "act", "close"]), st.integers(0, 9)), max_size=most)


@given(st.integers(1, 5), steps(60))
def test_an_episode_goes_to_the_least_busy_replica_and_never_changes_it(count: int, script: list[tuple[str, int]]) -> None:
    async def follow() -> None:
        policy = Replicas(numbered(count))
        under_way: dict[int, tuple[AsyncExitStack, Conversation, int]] = {}
        for step, (what, number) in enumerate(script):
            if what == "open":
                busy = [sum(home == replica for *_, home in under_way.values()) for replica in range(count)]
                stack = AsyncExitStack()
                conversation = await stack.enter_async_context(policy.open(episode(step)))
                under_way[step] = stack, conversation, await ask(conversation)
                assert under_way[step][2] == busy.index(min(busy))
            elif under_way:
                key = list(under_way)[number % len(under_way)]
                stack, conversation, home = under_way[key]
                assert await ask(conversation) == home
                if what == "close":
                    await stack.aclose()
                    del under_way[key]

    asyncio.run(follow())


@given(st.integers(1, 5), st.integers(0, 20))
def test_episodes_that_are_all_open_are_spread_evenly(count: int, episodes: int) -> None:
    async def homes() -> list[int]:
        policy = Replicas(numbered(count))
        async with AsyncExitStack() as stack:
            return [await ask(await stack.enter_async_context(policy.open(episode(number)))) for number in range(episodes)]

    assert asyncio.run(homes()) == [number % count for number in range(episodes)]


async def test_an_episode_that_asks_again_after_a_fault_asks_the_same_replica_which_keeps_its_place() -> None:
    replicas = numbered(2)
    policy = Replicas(replicas)
    replicas[0].failing.add("act")
    async with policy.open(episode(0)) as first, policy.open(episode(1)) as second:
        with pytest.raises(PolicyFault, match="the engine died in act"):
            await ask(first)
        assert (await ask(first), await ask(second)) == (0, 1)
        async with policy.open(episode(2)) as third:
            assert await ask(third) == 0


async def test_a_replica_that_could_not_open_is_not_counted_as_busy() -> None:
    replicas = numbered(2)
    policy = Replicas(replicas)
    replicas[0].failing.add("open")
    with pytest.raises(PolicyFault, match="the engine died in open"):
        async with policy.open(episode(0)):
            pass
    async with policy.open(episode(1)) as conversation:
        assert await ask(conversation) == 0


async def test_a_load_goes_to_all_at_once_and_ends_with_the_last() -> None:
    replicas = numbered(3)
    replicas[1].gate.clear()
    load = asyncio.create_task(Replicas(replicas).load(Weights(4, "unchanged")))
    await asyncio.wait([load], timeout=0.05)
    assert [replica.noted for replica in replicas] == [["load"]] * 3
    assert not load.done()
    replicas[1].gate.set()
    await load
    assert [replica.version for replica in replicas] == [4, 4, 4]


async def test_a_failed_load_names_the_replica_and_the_others_have_loaded() -> None:
    replicas = numbered(3)
    policy = Replicas(replicas)
    replicas[1].failing.add("load")
    with pytest.raises(PolicyFault, match=r"^could not load version 4: replica 1 of 3: the engine died in load$"):
        await policy.load(Weights(4, "unchanged"))
    assert [replica.version for replica in replicas] == [4, 0, 4]
    await policy.load(Weights(4, "unchanged"))
    assert [replica.version for replica in replicas] == [4, 4, 4]


async def test_every_replica_that_failed_is_named() -> None:
    replicas = numbered(3)
    replicas[0].failing.add("load")
    replicas[2].failing.add("load")
    with pytest.raises(PolicyFault, match=r"replica 0 of 3: .*; replica 2 of 3: "):
        await Replicas(replicas).load(Weights(1, "unchanged"))


@pytest.mark.parametrize("call", ["suspend", "resume", "close"])
async def test_what_is_done_to_one_is_done_to_all_even_when_one_fails(call: str) -> None:
    replicas = numbered(3)
    replicas[0].failing.add(call)
    with pytest.raises(PolicyFault, match=f"could not {call}: replica 0 of 3"):
        await getattr(Replicas(replicas), call)()
    assert [replica.noted for replica in replicas] == [[call]] * 3


def test_replicas_of_nothing_are_refused() -> None:
    with pytest.raises(ValueError, match="found no replicas, expected at least one policy"):
        Replicas([])
