"""Episodes in step: what is computed together depends on the episodes alone, never on who was faster."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlef_core import Action, BatchRequest, EpisodeId, Finish, Message, PolicyFault, Sampling
from rlef_core.rollout.collections import together
from rlef_core.rollout.lockstep import Lockstep


class Rounds:
    """A policy that notes which episodes it was asked for together; the first `lost` rounds are lost."""

    def __init__(self, lost: int = 0) -> None:
        self.noted: list[list[int]] = []
        self.lost = lost

    async def act_together(self, requests: Sequence[BatchRequest]) -> Sequence[Action]:
        self.noted.append([int(request.messages[0].content) for request in requests])
        await asyncio.sleep(0)
        if len(self.noted) <= self.lost:
            raise PolicyFault("the batch was lost")
        return [Action(request.messages[0].content, (), (), (), (), Finish.STOP) for request in requests]


def play(turns: Sequence[int], delays: Sequence[int], abreast: int, policy: Rounds) -> list[list[str]]:
    """Episode N asks `turns[N]` times and dawdles before each for some turns of the event loop; what each was answered."""
    ids = [EpisodeId("train", 0, str(number), 0) for number in range(len(turns))]

    async def episode(number: int, lockstep: Lockstep, gate: asyncio.Semaphore) -> list[str]:
        answers = []
        conversation: Any = None
        async with gate:
            for turn in range(turns[number]):
                for _ in range(delays[(number + turn) % len(delays)]):
                    await asyncio.sleep(0)
                request = BatchRequest(conversation, (Message("user", str(number)),), Sampling())
                answers.append((await lockstep.ask(ids[number], request)).text)
        await lockstep.ended()
        return answers

    async def all_of_them() -> list[list[str]]:
        lockstep, gate = Lockstep(policy, ids, abreast), asyncio.Semaphore(abreast)
        return await asyncio.wait_for(together([episode(number, lockstep, gate) for number in range(len(turns))]), 20)

    return asyncio.run(all_of_them())


@given(
    st.lists(st.integers(0, 4), min_size=1, max_size=8),
    st.lists(st.integers(0, 9), min_size=1, max_size=5),
    st.lists(st.integers(0, 9), min_size=1, max_size=5),
    st.integers(1, 9),
)
def test_rounds_are_the_same_whoever_is_faster(turns: list[int], delays: list[int], others: list[int], abreast: int) -> None:
    one, other = Rounds(), Rounds()
    assert play(turns, delays, abreast, one) == play(turns, others, abreast, other) == [[str(n)] * asked for n, asked in enumerate(turns)]
    assert one.noted == other.noted
    assert all(asked == sorted(asked) and len(asked) <= abreast for asked in one.noted)


def test_a_new_episode_joins_as_soon_as_one_has_ended() -> None:
    policy = Rounds()
    play([1, 3, 2], [0], 2, policy)
    assert policy.noted == [[0, 1], [1, 2], [1, 2]]


def test_a_lost_round_is_lost_for_all_who_asked() -> None:
    with pytest.raises(PolicyFault, match="the batch was lost"):
        play([1, 1, 1], [0, 3], 3, Rounds(lost=1))


async def test_a_policy_that_answers_too_few_is_told_of_to_all_who_asked() -> None:
    class Short:
        async def act_together(self, requests: Sequence[BatchRequest]) -> Sequence[Action]:
            return [Action("", (), (), (), (), Finish.STOP)]

    ids = [EpisodeId("train", 0, str(number), 0) for number in range(2)]
    lockstep = Lockstep(Short(), ids, 2)
    conversation: Any = None
    asking = [lockstep.ask(id, BatchRequest(conversation, (), Sampling())) for id in ids]
    done = await asyncio.wait_for(asyncio.gather(*asking, return_exceptions=True), 5)
    assert [type(outcome) for outcome in done] == [ValueError, ValueError]


async def test_a_collection_that_is_cancelled_leaves_nobody_waiting() -> None:
    class Never:
        async def act_together(self, requests: Sequence[BatchRequest]) -> Sequence[Action]:
            await asyncio.Event().wait()
            return ()

    ids = [EpisodeId("train", 0, str(number), 0) for number in range(3)]
    lockstep = Lockstep(Never(), ids, 3)
    conversation: Any = None
    asking = [asyncio.create_task(lockstep.ask(id, BatchRequest(conversation, (), Sampling()))) for id in ids]
    await asyncio.sleep(0.01)
    for task in asking:
        task.cancel()
    done = await asyncio.wait_for(asyncio.gather(*asking, return_exceptions=True), 5)
    assert all(isinstance(outcome, asyncio.CancelledError) for outcome in done)
