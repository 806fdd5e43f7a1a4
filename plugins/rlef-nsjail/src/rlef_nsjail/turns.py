"""Let so many programs run at once, and one alone where its time is to be measured."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Turns:
    """`count` turns."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._free = asyncio.Semaphore(count)
        self._one_alone = asyncio.Lock()

    @asynccontextmanager
    async def one(self) -> AsyncIterator[None]:
        """A turn beside others."""
        async with self._free:
            yield

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """All turns: nothing else runs meanwhile."""
        taken = 0
        async with self._one_alone:
            try:
                while taken < self._count:
                    await self._free.acquire()
                    taken += 1
                yield
            finally:
                for _ in range(taken):
                    self._free.release()
