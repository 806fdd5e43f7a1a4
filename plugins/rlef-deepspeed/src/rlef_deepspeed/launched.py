"""Have ranks that are processes of their own do something together."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from threading import Lock
from typing import Any, TypeVar

from rlef_core import MetricSink, RlefError, UsageError, Weights
from rlef_deepspeed.errors import RankError
from rlef_deepspeed.launching import Launch
from rlef_deepspeed.lines import Lines
from rlef_deepspeed.messages import Call
from rlef_deepspeed.roll import OutOfStep
from rlef_models.transfer import Receiver

APART = "rlef_deepspeed.apart:Apart"
"""What makes a rank in its process, as `Body` takes it."""
_CLOSE_SECONDS = 10.0
ResultT = TypeVar("ResultT")


class Launched:
    """A `Crew` of processes, started by a launcher. An error that not all of them raise alike ends them all."""

    def __init__(self, launch: Launch, metrics: MetricSink, maker: str) -> None:
        self._recipe = launch.recipe
        self._metrics = metrics
        self._lines = Lines(launch, maker)
        self._over: RlefError | None = None
        self._closing = Lock()
        # it starts the launcher, which lives no longer than the thread
        self._thread = ThreadPoolExecutor(1, "rlef-deepspeed crew")

    @classmethod
    def start(cls, launch: Launch, metrics: MetricSink, maker: str = APART) -> "Launched":
        """Start the ranks and have each make what the recipe says; blocks. Raises RankError, or a rank's own error."""
        crew = cls(launch, metrics, maker)
        try:
            crew._thread.submit(crew._start).result()
        except BaseException as error:
            crew._over = RankError(f"they could not be started: {error}")
            crew._close()
            raise
        return crew

    async def ask(self, method: str, *arguments: Any) -> Any:
        return await self._run(self._lines.ranks, method, *arguments)

    @asynccontextmanager
    async def publish(self, scheme: str, version: int) -> AsyncIterator[Weights]:
        within = scheme == "memory"  # of this process, and rank 0 is another
        sent = scheme if not within else "file" if self._lines.apart else "shm"
        if self._lines.apart and sent != "file":
            raise UsageError(f"weights cannot be published by scheme {scheme!r} from rank 0, which is on another machine; choose 'file'")
        probe = None if within else await self.ask("probe")
        weights: Weights = await self._run((0,), "publish", sent, version, probe)
        self._metrics.add("optimizer/published_bytes", weights.payload["bytes"])
        try:
            yield await asyncio.to_thread(_received, weights) if within else weights
        except asyncio.CancelledError:
            with suppress(RlefError):
                await self._run((0,), "unpublish", True)
            raise
        except Exception:
            if self._over is None:
                await self._run((0,), "unpublish", True)  # raises where a rank failed, which is why the policy got no weights
            raise
        self._metrics.add("optimizer/gather_seconds", await self._run((0,), "unpublish", False))

    async def close(self) -> None:
        await asyncio.to_thread(self._close)

    def _start(self) -> None:
        self._recipe.directory.mkdir(parents=True, exist_ok=True)
        self._or_end(self._lines.open)
        self._ask(self._lines.ranks, "make", self._recipe.to_json())

    def _ask(self, ranks: Sequence[int], method: str, *arguments: Any) -> Any:
        if self._over is not None:
            raise RankError(f"no rank is left to call {method!r}: {self._over}")
        self._lines.call(ranks, Call(method, arguments))
        return self._or_end(lambda: self._lines.roll.answer(ranks))

    def _or_end(self, work: Callable[[], ResultT]) -> ResultT:
        try:
            return work()
        except OutOfStep as found:
            self._over = found.error
            self._lines.end()
            raise found.error from None

    def _close(self) -> None:
        with self._closing:
            if self._over is None and self._lines.roll.idle:
                with suppress(RlefError, TimeoutError):
                    self._thread.submit(self._ask, self._lines.ranks, "close").result(_CLOSE_SECONDS)
            self._over = self._over or RankError("the optimizer was closed")
            self._lines.end()
        self._thread.shutdown()

    async def _run(self, ranks: Sequence[int], method: str, *arguments: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._thread, lambda: self._ask(ranks, method, *arguments))


def _received(weights: Weights) -> Weights:
    tensors = dict(Receiver().receive(weights.payload, rank=0, device="cpu"))
    return Weights(weights.version, "memory", tensors)
