"""Run a decoder on a thread of its own: requests come from an event loop, join the running batch, and are settled one by one."""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import TypeAlias

import torch

from rlef_core import Context, Finish, PolicyFault
from rlef_torch.decode import Decoder
from rlef_torch.pace import Pace
from rlef_torch.request import Request

GATHERING_SECONDS = 0.0005
"""How long an idle engine waits for company of a first request; who comes later joins the running batch."""

PARAMETERS_A_THREAD = 500_000
"""A smaller model is sampled from by one thread, a larger one by one more for each so many: several threads of a small one mostly wait for
each other."""

_Task: TypeAlias = tuple[Callable[[], None], "Future[None]"]


class Engine:
    """One thread that owns a decoder.

    Requests join every `join_every` passes, up to `batch_size` at once. What `between_batches` and `answer_together` are given runs when
    the batch has emptied; no request is admitted while it waits. `paused` keeps requests waiting.
    """

    def __init__(self, decoder: Decoder, *, batch_size: int, join_every: int, context: Context) -> None:
        self.paused = False
        self._decoder = decoder
        self._batch_size = batch_size
        self._join_every = join_every
        self._context = context
        self._waiting: deque[Request] = deque()
        self._tasks: deque[_Task] = deque()
        self._together: deque[_Task] = deque()
        self._ended: list[object] = []
        self._closing = False
        self._changed = threading.Condition()
        self._pace = Pace()
        self._since_join = 0
        self._thread = threading.Thread(target=self._serve, name="rlef-torch policy", daemon=True)
        self._thread.start()

    def submit(self, request: Request) -> None:
        """Queue a request; its `settle` is called once."""
        with self._changed:
            self._refuse_if_closed()
            self._waiting.append(request)
            self._changed.notify()

    def answer_together(self, requests: Sequence[Request]) -> "Future[None]":
        """Answer the requests as a batch of their own, which enter in order, and of which nothing before or beside them changes a bit.

        The future ends when all have ended, or with the PolicyFault that the batch was lost by; `settle` is not called.
        """
        return self._queue(self._together, lambda: self._answer(requests))

    def between_batches(self, task: Callable[[], None]) -> "Future[None]":
        """Run `task` on the engine's thread once no batch is running."""
        return self._queue(self._tasks, task)

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

    def _queue(self, tasks: deque[_Task], task: Callable[[], None]) -> "Future[None]":
        future: Future[None] = Future()
        with self._changed:
            self._refuse_if_closed()
            tasks.append((task, future))
            self._changed.notify()
        return future

    def _refuse_if_closed(self) -> None:
        if self._closing:
            raise PolicyFault("the policy is closed, expected calls before close()")

    def _serve(self) -> None:
        # the number of threads is a setting of the thread that asks for them
        parameters = sum(parameter.numel() for parameter in self._decoder.model.parameters())
        torch.set_num_threads(min(self._context.threads, 1 + parameters // PARAMETERS_A_THREAD))
        with torch.inference_mode():
            while not self._closing:
                self._wait()
                self._forget_ended()
                while self._tasks and not self._decoder.running:
                    _run(self._tasks.popleft())
                while self._together and not (self._decoder.running or self._tasks or self.paused or self._closing):
                    _run(self._together.popleft())
                self._advance()
        self._fail([*self._decoder.running, *self._waiting], _closed())
        for _, future in self._tasks:
            future.cancel()
        for _, future in self._together:
            if future.set_running_or_notify_cancel():
                future.set_exception(_closed())

    def _wait(self) -> None:
        running = bool(self._decoder.running)
        with self._changed:
            self._changed.wait_for(lambda: running or self._closing or self._tasks or self._ended or self._asked())
        if not running and self._admits():
            time.sleep(GATHERING_SECONDS)

    def _asked(self) -> bool:
        return bool(self._waiting or self._together) and not self.paused

    def _forget_ended(self) -> None:
        with self._changed:
            ended, self._ended = self._ended, []
        for conversation in ended:
            self._decoder.kept.drop(conversation)

    def _admits(self) -> bool:
        return bool(self._waiting) and not (self.paused or self._tasks or self._together or self._closing)

    def _advance(self) -> None:
        joining = self._joining(self._waiting) if self._admits() else []
        running = [*self._decoder.running, *joining]
        try:
            done = self._pass(joining)
        except Exception as error:  # the thread must outlive whatever a batch did, else every later request would hang
            self._fail(running, self._lost(running, error))
            return
        for request in done:
            request.settle(request, None)

    def _answer(self, requests: Sequence[Request]) -> None:
        # as a fresh engine would: from empty rows, counting passes from here, without the caches of those who ended before it was asked
        self._forget_ended()
        self._decoder.start_afresh()
        waiting = deque(requests)
        try:
            while waiting or self._decoder.running:
                if self._closing:
                    raise _closed()
                self._pass(self._joining(waiting))
        except Exception as error:
            raise self._lost(requests, error) from None  # it names its cause

    def _joining(self, waiting: deque[Request]) -> list[Request]:
        joining: list[Request] = []
        if self._decoder.running and self._since_join < self._join_every:
            return joining
        with self._changed:
            while waiting and len(self._decoder.running) + len(joining) < self._batch_size:
                joining.append(waiting.popleft())
        for request in joining:
            self._pace.start(request)
        self._since_join = 0
        return [request for request in joining if not _dropped(request)]

    def _pass(self, joining: list[Request]) -> list[Request]:
        # the prefill of those who join, and a step of all; returns who has ended
        done: list[Request] = []
        if not joining and not self._decoder.running:
            return done
        with self._pace.busy(), self._context.span("decode"):
            if joining:
                self._pace.count(len(joining))
                with self._context.span("prefill"):
                    done = self._decoder.join(joining)
            if self._decoder.running:
                self._pace.count(len(self._decoder.running))
                self._since_join += 1
                done += self._decoder.step()
        for request in done:
            request.figures = dict(self._pace.figures(request, self._decoder.kept.evicted()))
        return done

    def _lost(self, requests: Sequence[Request], error: Exception) -> PolicyFault:
        self._decoder.clear()
        if isinstance(error, PolicyFault):
            return error
        advice = "; give policy.batch_size, prefill_tokens or cache_bytes less" if isinstance(error, torch.OutOfMemoryError) else ""
        fault = PolicyFault(f"the batch of {len(requests)} requests was lost: {type(error).__name__}: {error}{advice}")
        fault.__cause__ = error
        return fault

    def _fail(self, requests: Sequence[Request], fault: PolicyFault) -> None:
        for request in requests:
            request.settle(request, fault)


def _run(task: _Task) -> None:
    work, future = task
    if not future.set_running_or_notify_cancel():  # who asked has gone
        return
    try:
        work()
    except Exception as error:
        future.set_exception(error)
    else:
        future.set_result(None)


def _dropped(request: Request) -> bool:
    if request.aborted:
        request.finish = Finish.ABORT
        request.settle(request, None)
    return request.aborted


def _closed() -> PolicyFault:
    return PolicyFault("the policy was closed while a request was open")
