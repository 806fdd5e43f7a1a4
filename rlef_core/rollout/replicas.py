"""Let several replicas of one model answer as one policy: each episode stays with its replica, every load goes to all."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Any

from rlef_core.errors import PolicyFault, RlefError
from rlef_core.records import EpisodeId, Weights
from rlef_core.roles import Conversation, Policy


class Replicas:
    """A policy over `replicas`, which are numbered from 0.

    An episode goes to the replica with the fewest open conversations (the lowest number among equals) and stays there for all its turns,
    so that what the replica remembers of earlier turns serves the later ones. A replica that loses a request keeps its place: whoever
    asks again asks the same conversation. Raises ValueError without any replica.
    """

    def __init__(self, replicas: Sequence[Policy]) -> None:
        if not replicas:
            raise ValueError("found no replicas, expected at least one policy")
        self._replicas = tuple(replicas)
        self._open = [0] * len(self._replicas)

    @asynccontextmanager
    async def open(self, episode: EpisodeId) -> AsyncIterator[Conversation]:
        """A conversation with the replica that has the fewest."""
        chosen = self._open.index(min(self._open))
        self._open[chosen] += 1
        try:
            async with self._replicas[chosen].open(episode) as conversation:
                yield conversation
        finally:
            self._open[chosen] -= 1

    async def load(self, weights: Weights) -> None:
        """Load into all replicas at once; on return every one has it.

        Raises PolicyFault, which names each replica that failed, once all the others have loaded: the load counts for none then, and
        spans tell which version a replica sampled by.
        """
        await self._all(f"load version {weights.version}", lambda replica: replica.load(weights))

    async def suspend(self) -> None:
        """Suspend all. Raises like `load`."""
        await self._all("suspend", lambda replica: replica.suspend())

    async def resume(self) -> None:
        """Resume all. Raises like `load`."""
        await self._all("resume", lambda replica: replica.resume())

    async def close(self) -> None:
        """Close all, also when one fails. Raises like `load`."""
        await self._all("close", lambda replica: replica.close())

    async def _all(self, what: str, call: Callable[[Policy], Coroutine[Any, Any, None]]) -> None:
        outcomes = await asyncio.gather(*map(call, self._replicas), return_exceptions=True)
        failed = {number: outcome for number, outcome in enumerate(outcomes) if outcome is not None}
        if failed:
            reasons = "; ".join(f"replica {number} of {len(outcomes)}: {_reason(error)}" for number, error in failed.items())
            raise PolicyFault(f"could not {what}: {reasons}") from next(iter(failed.values()))


def _reason(error: BaseException) -> str:
    return str(error) if isinstance(error, RlefError) else f"{type(error).__name__}: {error}"
