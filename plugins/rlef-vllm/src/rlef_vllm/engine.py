"""Keep one engine of vLLM's: ask it, load weights into it while it answers, start it again when it died, end it surely."""

import asyncio
import contextlib
import threading
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

import psutil
from vllm import SamplingParams
from vllm.distributed.weight_transfer.base import WeightTransferUpdateRequest
from vllm.outputs import RequestOutput
from vllm.v1.engine.async_llm import AsyncLLM
from vllm.v1.engine.exceptions import EngineDeadError

from rlef_core import PolicyFault, Weights
from rlef_vllm.config import KEPT
from rlef_vllm.starting import Launch, abandon, processes, reason, written

T = TypeVar("T")

LOOK_SECONDS = 10.0
"""How long an engine may take to say that it is there, once an answer did not come in time."""
LOAD_SECONDS = 900.0
"""How long a load may take before the engine counts as hung: longer than receivers wait for weights."""


class Engine:
    """An engine with an event loop of its own, so that any other may ask it; the caller's is never blocked.

    `first` is the number of its first worker among those of all engines that take a publication. An engine that died is started again with
    the weights that it had, as often as `restarts` says; whoever waited for an answer gets a PolicyFault and may ask again.
    """

    def __init__(self, launch: Launch, first: int = 0) -> None:
        self.launch = launch
        self.first = first
        self.restarts = 0
        self.version = 0
        self._weights: Weights | None = None
        self._llm: AsyncLLM | None = None
        self._processes: list[psutil.Process] = []
        self._gone = "it was closed"
        self._refused: str | None = None  # why it must not sample: it may have the weights of two versions
        self._waits = False  # for a publication, to be started again with it
        self._written = 0
        self._asked = 0
        self._timers: set[asyncio.Timeout] = set()
        self._mending: asyncio.Task[None] | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="vllm", daemon=True)
        self._thread.start()

    def start(self) -> None:
        """Start the engine; blocks until it is ready. Raises EngineError, with nothing left running."""
        try:
            asyncio.run_coroutine_threadsafe(self._start(), self._loop).result()
        except BaseException:
            abandon(self.launch.log)  # where Ctrl-C came, the start goes on in its thread
            self.end()
            raise

    async def generate(self, prompt: list[int], params: SamplingParams, rank: int | None = None) -> RequestOutput:
        """One answer. Raises PolicyFault when it was lost. Cancelling aborts the request."""
        return await self._run(self._generate(prompt, params, rank))

    async def load(self, weights: Weights) -> None:
        """Take a publication while requests are under way: they are held, go on with the new weights, and their keys and values so far
        are computed anew with them. Raises PolicyFault when it did not arrive."""
        await self._run(self._load(weights))

    async def suspend(self) -> None:
        """Give the GPU's memory back; on a CPU nothing but the prefix cache is given up."""
        await self._run(self._suspend())

    async def resume(self) -> None:
        """Take the memory again and go on."""
        await self._run(self._resume())

    async def close(self) -> None:
        """End the engine and all its processes; a second call does nothing."""
        await asyncio.to_thread(self.end)

    def end(self) -> None:
        """As `close`, where there is no event loop; blocks."""
        if self._thread.is_alive():
            asyncio.run_coroutine_threadsafe(self._close(), self._loop).result()
            self._end_loop()

    async def _run(self, work: Coroutine[Any, Any, T]) -> T:
        if not self._thread.is_alive():
            work.close()
            raise PolicyFault(f"vLLM's engine does not run: {self._gone}")
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self._loop))

    async def _start(self) -> None:
        self._written = written(self.launch.log)
        self._llm = self.launch.start()  # blocks this loop, on which nothing else can go on without the engine
        self._processes = processes(self._llm)
        await self._llm.update_weight_version(str(self.version))

    async def _generate(self, prompt: list[int], params: SamplingParams, rank: int | None) -> RequestOutput:
        llm = await self._alive()
        if self._refused is not None:
            raise PolicyFault(self._refused)
        self._asked += 1
        try:
            async with asyncio.timeout(self.launch.config.request_timeout) as timer:
                self._timers.add(timer)
                try:
                    return await _last(llm, prompt, params, str(self._asked), rank)
                finally:
                    self._timers.discard(timer)
        except TimeoutError as error:
            await self._look(llm)
            if llm is not self._llm:
                raise PolicyFault("vLLM's engine hung or died while it answered") from error
            if self._refused is not None:
                raise PolicyFault(self._refused) from error
            seconds = self.launch.config.request_timeout
            raise PolicyFault(f"vLLM did not answer within policy.request_timeout ({seconds:g} s); raise it or lower max_tokens") from error
        except EngineDeadError as error:
            self._died(llm, error)
            raise PolicyFault("vLLM's engine died while it answered") from error
        except Exception as error:  # whatever vLLM made of the request, it is lost
            await self._look(llm)  # the first to hear of a death may hear of it by another name
            if llm is not self._llm:
                raise PolicyFault("vLLM's engine died while it answered") from error
            raise PolicyFault(f"vLLM lost a request ({type(error).__name__}: {error})") from error

    async def _alive(self) -> AsyncLLM:
        if self._mending is not None:
            await asyncio.wait([self._mending])
        if self._llm is None:
            raise PolicyFault(f"vLLM's engine does not run: {self._gone}")
        return self._llm

    async def _look(self, llm: AsyncLLM) -> None:
        # one answer that did not come may be a long one; an engine that says nothing at all hangs
        if llm is not self._llm:
            return
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                await llm.get_weight_version()
        except Exception as error:
            self._died(llm, error)

    def _died(self, llm: AsyncLLM, error: BaseException) -> None:
        if llm is not self._llm:  # told before
            return
        self._llm = None
        self._hurry()  # of an engine that hangs, nobody will hear
        self._mending = self._loop.create_task(self._mend(llm, error))

    def _hurry(self) -> None:
        for timer in self._timers:
            if not timer.expired():
                timer.reschedule(self._loop.time())

    async def _mend(self, llm: AsyncLLM, error: BaseException) -> None:
        try:
            self._gone = reason(error, self.launch.log, self._written)
            shut(llm, self._processes)
            if self.restarts == self.launch.config.restarts:
                self._gone = f"it died and policy.restarts ({self.restarts}) are used up: {self._gone}"
                return
            self.restarts += 1
            if self._weights is None or self._weights.scheme in KEPT:
                await self._start_again()
            else:
                self._waits = True
                self._gone = (
                    f"it died and waits for the next weights, for those that came by {self._weights.scheme!r} cannot be read again "
                    f"(those of policy.transfer {' or '.join(sorted(KEPT))} can): {self._gone}"
                )
        finally:
            self._mending = None

    async def _start_again(self) -> None:
        try:
            await self._start()
            if self._weights is not None:  # only now: newer ones may have come meanwhile, and the older be gone
                assert self._llm is not None  # just started
                await self._take(self._llm, self._weights)
        except Exception as error:  # whatever it was, the engine is not there
            self._gone = f"it died and could not be started again: {error}"
            if self._llm is not None:
                shut(self._llm, self._processes)
            self._llm = None

    async def _load(self, weights: Weights) -> None:
        if weights.scheme != "unchanged":
            self._weights = weights
        self.version = weights.version
        if self._mending is not None:
            await asyncio.wait([self._mending])
        if self._waits and weights.scheme != "unchanged":
            await self._come_back()
            return
        llm = await self._alive()
        try:
            await self._take(llm, weights)
        except (EngineDeadError, TimeoutError) as error:
            self._died(llm, error)
            await self._alive()  # which has the weights, or raises

    async def _come_back(self) -> None:
        self._waits = False
        self._mending = self._loop.create_task(self._start_again())
        self._mending.add_done_callback(lambda _: setattr(self, "_mending", None))
        await self._alive()

    async def _take(self, llm: AsyncLLM, weights: Weights) -> None:
        try:
            async with asyncio.timeout(LOAD_SECONDS):
                await self._move(llm, weights)
        except (EngineDeadError, TimeoutError):
            raise
        except Exception as error:
            told = reason(error, self.launch.log, self._written)
            self._refused = f"vLLM did not take the weights of version {self.version} ({told})"
            self._hurry()  # the engine stays paused: it may have the weights of two versions
            raise PolicyFault(self._refused) from error

    async def _move(self, llm: AsyncLLM, weights: Weights) -> None:
        version = str(self.version)
        moves = weights.scheme != "unchanged"
        await llm.pause_generation(mode="keep", clear_cache=moves)
        if moves:
            await llm.start_weight_update()
            await llm.update_weights(WeightTransferUpdateRequest({"payload": dict(weights.payload), "first": self.first}))
            await llm.finish_weight_update(version)
            self._refused = None
        else:
            await llm.update_weight_version(version)
        await llm.resume_generation()

    async def _suspend(self) -> None:
        await self._steadily(self._give_back)

    async def _give_back(self, llm: AsyncLLM) -> None:
        await llm.pause_generation(mode="keep", clear_cache=True)
        if self.launch.on_gpu:
            await llm.sleep(level=1)

    async def _resume(self) -> None:
        await self._steadily(self._take_back)

    async def _take_back(self, llm: AsyncLLM) -> None:
        if self.launch.on_gpu:
            await llm.wake_up()
        await llm.resume_generation()

    async def _steadily(self, work: Callable[[AsyncLLM], Awaitable[None]]) -> None:
        llm = await self._alive()
        try:
            await work(llm)
        except EngineDeadError as error:  # while nobody asked it
            self._died(llm, error)
            await work(await self._alive())

    async def _close(self) -> None:
        if self._mending is not None:
            self._mending.cancel()
            await asyncio.wait([self._mending])
        if self._llm is not None:
            shut(self._llm, self._processes)
        self._llm, self._gone = None, "it was closed"

    def _end_loop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


async def _last(llm: AsyncLLM, prompt: list[int], params: SamplingParams, name: str, rank: int | None) -> RequestOutput:
    last: RequestOutput | None = None
    async for output in llm.generate({"prompt_token_ids": prompt}, params, name, data_parallel_rank=rank):
        last = output
    assert last is not None  # vLLM's stream ends with a finished output, or raises
    return last


def shut(llm: AsyncLLM, started: list[psutil.Process]) -> None:
    """End an engine and the processes that it has `started`; one that does not end by itself is killed."""
    with contextlib.suppress(Exception):  # its engine may be gone already
        llm.shutdown()
    _, alive = psutil.wait_procs(started, timeout=1)
    for process in alive:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(alive, timeout=5)
