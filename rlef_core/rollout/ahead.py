"""Play collections in the background, each as soon as it is admitted, while whoever learns from them does something else."""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

from attrs import define, field

from rlef_core.records import EpisodeId, Rejected, Task
from rlef_core.rollout.collections import OpenCollection
from rlef_core.rollout.lag import Lag


@define(eq=False)
class InPlay:
    """A collection that is played or waits to be learnt from: what was drawn for it, and where the stream of tasks stood after.

    `before` is for how many seconds it was played before this process took it up.
    """

    opened: OpenCollection
    position: int
    rejected: Sequence[Rejected] = ()
    before: float = 0.0
    began: float | None = field(default=None, init=False)
    """When its first episode here started, in seconds of the monotonic clock."""
    ended: float | None = field(default=None, init=False)
    """Its `seconds` when its last episode had ended."""

    @property
    def seconds(self) -> float:
        """Wall time from the start of its first episode, until the end of its last; above 0. Waiting for a slot is no part of it."""
        if self.ended is not None:
            return self.ended
        return max(self.before if self.began is None else self.before + time.monotonic() - self.began, 1e-9)

    def begin(self) -> None:
        """Its first episode starts."""
        self.began = time.monotonic()
        self.opened.tally.started = self.began - self.before

    def end_if_complete(self) -> bool:
        """Whether its last episode has ended."""
        if self.opened.complete and self.ended is None:
            self.ended = self.seconds
        return self.opened.complete


class Ahead:
    """Plays collections in order, counted up from `first`; `draw(number)` makes one.

    Episodes start in order, collection after collection, each when one of the `slots` is free and its collection is admitted. What an
    episode raises ends all others and is raised by `collection`.
    """

    def __init__(self, draw: Callable[[int], InPlay], first: int, slots: asyncio.Semaphore) -> None:
        self.lag = Lag()
        self.in_play: list[InPlay] = []
        """From the oldest that is not forgotten to the newest that was drawn."""
        self._draw = draw
        self._next = first
        self._slots = slots
        self._admitted = first
        self._held = False
        self._changed = asyncio.Event()
        self._work: asyncio.Task[None] | None = None

    def admit(self, until: int) -> None:
        """Let the episodes of every collection with a number below `until` start; what was admitted stays so."""
        self._admitted = max(self._admitted, until)
        if self._work is None:
            self._work = asyncio.create_task(self._play())
        self._changed.set()

    async def collection(self) -> InPlay:
        """The oldest collection, once all its episodes have ended; it must be admitted. May be cancelled and called again."""
        await self._until(lambda: self._failed or (bool(self.in_play) and self.in_play[0].opened.complete))
        if self._failed and self._work is not None:
            self._work.result()
        return self.in_play[0]

    def forget(self) -> None:
        """The oldest collection was learnt from."""
        del self.in_play[0]

    @contextmanager
    def held(self) -> Iterator[None]:
        """Inside the block no episode starts; those under way go on."""
        self._held = True
        try:
            yield
        finally:
            self._held = False
            self._changed.set()

    async def close(self) -> None:
        """End every episode under way and wait until it has let go of what it holds."""
        if self._work is not None:
            self._work.cancel()
            with suppress(asyncio.CancelledError, Exception):  # `collection` has raised it, or nobody will ask any more
                await self._work

    @property
    def _failed(self) -> bool:
        return self._work is not None and self._work.done()

    async def _play(self) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self.lag.watch())
                await self._start_all(group)
        except BaseExceptionGroup as failures:
            failure = failures.exceptions[0]
        finally:
            self._changed.set()
        raise failure  # outside of the block above, so that it keeps its own cause

    async def _start_all(self, group: asyncio.TaskGroup) -> None:
        while True:
            await self._until(lambda: self._next < self._admitted)
            started = self._draw(self._next)
            self.in_play.append(started)
            self._next += 1
            for place, (id, task) in enumerate(started.opened.missing):
                await self._take_slot()
                if place == 0:
                    started.begin()
                slot = _TakenSlot(self._slots)
                group.create_task(self._one(started, id, task, slot)).add_done_callback(slot.give_back)
            if started.end_if_complete():  # what a checkpoint held was all of it
                self._changed.set()

    async def _one(self, started: InPlay, id: EpisodeId, task: Task, slot: "_TakenSlot") -> None:
        await started.opened.play(id, task, slot)
        if started.end_if_complete():
            self._changed.set()

    async def _take_slot(self) -> None:
        while True:
            await self._until(lambda: not self._held)
            await self._slots.acquire()
            if not self._held:
                return
            self._slots.release()

    async def _until(self, ready: Callable[[], bool]) -> None:
        while not ready():
            self._changed.clear()  # who waits already was woken by the `set` before
            await self._changed.wait()


class _TakenSlot:
    """A slot that was taken before; it is given back once, at the end of the block.

    By `give_back` too: an episode that is cancelled before its first step never reaches the block, and others play with the same slots.
    """

    def __init__(self, slots: asyncio.Semaphore) -> None:
        self._slots = slots
        self._taken = True

    async def __aenter__(self) -> None: ...

    async def __aexit__(self, *raised: object) -> None:
        self.give_back()

    def give_back(self, _: object = None) -> None:
        if self._taken:
            self._taken = False
            self._slots.release()
