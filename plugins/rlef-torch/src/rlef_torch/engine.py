"""Run a decoder on a thread of its own: requests come from an event loop, join the running batch, and are settled one by one."""

import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import torch

from rlef_core import Finish, PolicyFault
from rlef_torch.decode import Decoder
from rlef_torch.request import Request

GATHERING_SECONDS = 0.002
"""How long an idle engine waits for company of a first request: callers of one event loop come within a millisecond or two."""


class Engine:
    """One thread that owns a decoder.

    Requests join every `join_every` steps, up to `batch_size` at once. What `between_batches` is given runs when the batch has emptied; no
    request is admitted while it waits. `paused` keeps requests waiting.
    """

    def __init__(self, decoder: Decoder, *, batch_size: int, join_every: int, threads: int) -> None:
        self.paused = False
        self._decoder = decoder
        self._batch_size = batch_size
        self._join_every = join_every
        self._threads = threads
        self._waiting: deque[Request] = deque()
        self._tasks: deque[tuple[Callable[[], None], Future[None]]] = deque()
        self._ended: deque[object] = deque()
        self._closing = False
        self._changed = threading.Condition()
        self._steps = 0
        self._tokens = 0
        self._busy = 0.0
        self._thread = threading.Thread(target=self._serve, name="rlef-torch policy", daemon=True)
        self._thread.start()

    def submit(self, request: Request) -> None:
        """Queue a request; its `settle` is called once."""
        with self._changed:
            if self._closing:
                raise PolicyFault("the policy is closed, expected requests before close()")
            self._waiting.append(request)
            self._changed.notify()

    def between_batches(self, task: Callable[[], None]) -> "Future[None]":
        """Run `task` on the engine's thread once no batch is running."""
        future: Future[None] = Future()
        with self._changed:
            if self._closing:
                raise PolicyFault("the policy is closed, expected calls before close()")
            self._tasks.append((task, future))
            self._changed.notify()
        return future

    def forget(self, conversation: object) -> None:
        """Free what is kept of a conversation that has ended."""
        with self._changed:
            self._ended.append(conversation)
            self._changed.notify()

    def running(self) -> int:
        """Requests in the running batch."""
        return len(self._decoder.running)

    def kept_bytes(self) -> int:
        """Memory of the KV caches that are kept between turns."""
        return self._decoder.kept.size

    def close(self) -> None:
        """Stop the thread and wait for it; open requests end with a PolicyFault. Closing twice is fine."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join()

    def _serve(self) -> None:
        # the number of threads is a setting of the thread that asks for them
        torch.set_num_threads(self._threads)
        with torch.inference_mode():
            while not self._closing:
                self._wait()
                while self._ended:
                    self._decoder.kept.drop(self._ended.popleft())
                self._run_tasks()
                self._advance()
        self._fail([*self._decoder.running, *self._waiting], PolicyFault("the policy was closed while a request was open"))
        for _, future in self._tasks:
            future.cancel()

    def _wait(self) -> None:
        running = bool(self._decoder.running)
        with self._changed:
            self._changed.wait_for(lambda: running or self._closing or self._tasks or self._ended or self._admits())
        if not running and self._admits():
            time.sleep(GATHERING_SECONDS)

    def _admits(self) -> bool:
        return bool(self._waiting) and not (self.paused or self._tasks or self._closing)

    def _run_tasks(self) -> None:
        while self._tasks and not self._decoder.running:
            task, future = self._tasks.popleft()
            if not future.set_running_or_notify_cancel():  # who asked has gone
                continue
            try:
                task()
            except Exception as error:
                future.set_exception(error)
            else:
                future.set_result(None)

    def _advance(self) -> None:
        began = time.perf_counter()
        joining = self._joining()
        running = [*self._decoder.running, *joining]
        try:
            done = self._count(joining, self._decoder.join) if joining else []
            if self._decoder.running:
                done += self._count(self._decoder.running, lambda _: self._decoder.step())
        except Exception as error:  # the thread must outlive whatever a batch did, else every later request would hang
            self._recover(running, error)
            return
        self._busy += time.perf_counter() - began
        for request in done:
            self._settle(request)

    def _count(self, sampled: list[Request], forward: Callable[[list[Request]], list[Request]]) -> list[Request]:
        self._steps += 1
        self._tokens += len(sampled)
        return forward(sampled)

    def _joining(self) -> list[Request]:
        joining: list[Request] = []
        due = not self._decoder.running or self._steps % self._join_every == 0
        if not due or not self._admits():
            return joining
        with self._changed:
            while self._waiting and len(self._decoder.running) + len(joining) < self._batch_size:
                joining.append(self._waiting.popleft())
        for request in joining:
            request.started = (self._steps, self._tokens, self._busy)
        return [request for request in joining if not self._dropped(request)]

    def _dropped(self, request: Request) -> bool:
        if request.aborted:
            request.finish = Finish.ABORT
            request.settle(request, None)
        return request.aborted

    def _settle(self, request: Request) -> None:
        steps, tokens, busy = request.started
        request.figures = {
            "policy/batch_size": (self._tokens - tokens) / max(self._steps - steps, 1),
            "policy/tokens_per_second": (self._tokens - tokens) / max(self._busy - busy, 1e-9),
            "policy/kv_reuse_rate": request.reused / len(request.prompt),
            "policy/kv_evictions": self._evictions(),
        }
        request.settle(request, None)

    def _evictions(self) -> int:
        found, self._decoder.kept.evictions = self._decoder.kept.evictions, 0
        return found

    def _recover(self, requests: list[Request], error: Exception) -> None:
        self._decoder.clear()
        advice = "; give policy.batch_size, prefill_tokens or cache_bytes less" if isinstance(error, torch.OutOfMemoryError) else ""
        fault = PolicyFault(f"the batch of {len(requests)} requests was lost: {type(error).__name__}: {error}{advice}")
        fault.__cause__ = error
        self._fail(requests, fault)

    def _fail(self, requests: list[Any], fault: PolicyFault) -> None:
        for request in requests:
            request.settle(request, fault)
