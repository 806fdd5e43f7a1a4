"""Watch how long the event loop is blocked: roles must never do it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from rlef_core.roles import MetricSink

_PERIOD = 0.05


@asynccontextmanager
async def watch_lag(metrics: MetricSink) -> AsyncIterator[None]:
    """Inside the block, measure the loop's lag; its maximum in seconds becomes `loop/lag_seconds`."""
    worst = 0.0

    async def watch() -> None:
        nonlocal worst
        loop = asyncio.get_running_loop()
        while True:
            before = loop.time()
            await asyncio.sleep(_PERIOD)
            worst = max(worst, loop.time() - before - _PERIOD)

    watcher = asyncio.create_task(watch())
    try:
        yield
    finally:
        watcher.cancel()
        with suppress(asyncio.CancelledError):
            await watcher
        metrics.add("loop/lag_seconds", worst)
