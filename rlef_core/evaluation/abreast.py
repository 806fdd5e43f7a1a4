"""Work through many things a few at a time, and get the results in order."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Coroutine, Iterable
from typing import Any, TypeVar

T = TypeVar("T")


async def abreast(works: Iterable[Coroutine[Any, Any, T]], most: int) -> AsyncGenerator[T, None]:
    """The results in the order of `works`, of which at most `most` are under way; closing it cancels those.

    Raises what one of them raised, in its turn.
    """
    waiting: deque[asyncio.Task[T]] = deque()
    try:
        for work in works:
            waiting.append(asyncio.create_task(work))
            if len(waiting) == most:
                yield await waiting.popleft()
        while waiting:
            yield await waiting.popleft()
    finally:
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
