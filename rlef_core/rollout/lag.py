"""Watch how long the event loop is blocked: roles must never do it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from rlef_core.roles import MetricSink

_PERIOD = 0.05


class Lag:
    """The longest time, in seconds, that the event loop was blocked while `watch` ran."""

    def __init__(self) -> None:
        self._worst = 0.0

    async def watch(self) -> None:
        """Measure until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            before = loop.time()
            await asyncio.sleep(_PERIOD)
            self._worst = max(self._worst, loop.time() - before - _PERIOD)

    def take(self) -> float:
        """The longest since the last call."""
        worst, self._worst = self._worst, 0.0
        return worst


@asynccontextmanager
async def watch_lag(metrics: MetricSink) -> AsyncIterator[None]:
    """Inside the block, measure the loop's lag; its maximum in seconds becomes `loop/lag_seconds`."""
    lag = Lag()
    watcher = asyncio.create_task(lag.watch())
    try:
        yield
    finally:
        watcher.cancel()
        with suppress(asyncio.CancelledError):
            await watcher
        metrics.add("loop/lag_seconds", lag.take())
