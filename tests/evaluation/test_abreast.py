"""Working through many things a few at a time."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlef_core.evaluation.abreast import abreast


@given(st.lists(st.integers(0, 3), max_size=12), st.integers(1, 5))
def test_results_come_in_order_and_no_more_than_allowed_are_under_way(pauses, most):
    running, seen = 0, []

    async def work(number: int, pauses: int) -> int:
        nonlocal running
        running += 1
        seen.append(running)
        for _ in range(pauses):
            await asyncio.sleep(0)
        running -= 1
        return number

    async def check() -> None:
        works = (work(number, pause) for number, pause in enumerate(pauses))
        assert [each async for each in abreast(works, most)] == list(range(len(pauses)))
        assert max(seen, default=0) <= most

    asyncio.run(check())


async def test_what_one_raises_is_raised_in_its_turn_and_the_rest_is_cancelled():
    cancelled = []

    async def work(number: int) -> int:
        if number == 1:
            raise LookupError("one")
        try:
            await asyncio.sleep(60 if number else 0)
        except asyncio.CancelledError:
            cancelled.append(number)
            raise
        return number

    results = abreast((work(number) for number in range(9)), 3)
    assert await anext(results) == 0
    with pytest.raises(LookupError, match="one"):
        await anext(results)
    assert cancelled == [2]  # the fourth had not begun


async def test_closing_it_cancels_what_is_under_way():
    ended = []

    async def work(number: int) -> int:
        try:
            await asyncio.sleep(60 if number else 0)
        finally:
            ended.append(number)
        return number

    results = abreast((work(number) for number in range(9)), 3)
    assert await anext(results) == 0
    await results.aclose()
    assert sorted(ended) == [0, 1, 2]
