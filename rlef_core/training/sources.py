"""Where a run's collections come from: played in turn with the updates, played ahead of them, or recorded by another run."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from attrs import evolve

from rlef_core.records import Rejected, RunState
from rlef_core.rollout.ahead import Ahead, InPlay
from rlef_core.rollout.collections import Collection, OpenCollection, play_collection
from rlef_core.rollout.lag import watch_lag
from rlef_core.rollout.measure import measure, measure_staleness
from rlef_core.rollout.tally import Tally
from rlef_core.rollout.tasks import TaskStream
from rlef_core.spec import Plan
from rlef_core.training.admission import admitted
from rlef_core.training.parts import Parts
from rlef_core.training.recorded import RecordedStream, read_collection
from rlef_core.training.unused import Begun

Reject = Callable[[Sequence[Rejected]], None]


class Source:
    """Gives the collections of a run one by one. What only some sources do, nothing does here."""

    slots: asyncio.Semaphore | None = None
    """What whoever else plays episodes meanwhile must share."""

    async def next(self, state: RunState) -> Collection:
        """The collection that the optimizer learns from in this state, measured. Raises what playing raises."""
        raise NotImplementedError

    def move(self, state: RunState) -> None:
        """The newest collection was learnt from, the weights after it are published, and this is the state since."""

    @contextmanager
    def held(self) -> Iterator[None]:
        """Inside the block no episode is started."""
        yield

    def unused(self) -> Sequence[Begun]:
        """What has ended of collections that were not learnt from."""
        return ()

    def take_up(self, unused: Mapping[int, Begun]) -> None:
        """Begin with what there was in a checkpoint."""

    async def close(self) -> None:
        """Leave nothing running."""


def source_of(parts: Parts, reject: Reject) -> Source:
    """The source that the plan asks for; `reject` is told of the rows that were drawn for a collection and are no usable task."""
    if parts.recorded is not None:
        return Recorded(parts, parts.recorded)
    return PlayedAhead(parts, reject) if parts.plan.training.max_staleness else PlayedInTurn(parts, reject)


class Recorded(Source):
    """Reads what another run played. Its tokens are of that run's versions, so that they have no staleness here."""

    def __init__(self, parts: Parts, open: Callable[[int], RecordedStream]) -> None:
        self._parts = parts
        self._open = open
        self._stream: RecordedStream | None = None

    async def next(self, state: RunState) -> Collection:
        parts, count = self._parts, self._parts.plan.training.episodes_per_collection
        self._stream = self._stream or self._open(state.position)
        parts.tally.begin(f"collection {state.collection + 1}", count)
        with parts.builder.timeline.span("read"):
            collection = await read_collection(self._stream, parts.scorer, state.collection, count)
        measure(collection, parts.tally.seconds, 0, parts.meter)
        return collection


class PlayedInTurn(Source):
    """Plays each collection with the newest weights, while the optimizer waits."""

    def __init__(self, parts: Parts, reject: Reject) -> None:
        self._parts = parts
        self._reject = reject
        self._stream: TaskStream | None = None

    async def next(self, state: RunState) -> Collection:
        parts, number, repeats = self._parts, state.collection, self._parts.plan.rollout.episodes_per_task
        self._stream = self._stream or parts.tasks("train", state.position)
        with parts.builder.timeline.span("draw"):
            tasks = self._stream.draw(_tasks(parts.plan))
        parts.tally.begin(f"collection {number + 1}", len(tasks) * repeats)
        with parts.builder.timeline.span("play"):
            async with watch_lag(parts.meter):
                collection = await play_collection(parts.player, parts.scorer, "train", number, tasks, repeats)
        self._reject(self._stream.take_rejected())
        measure(collection, parts.tally.seconds, collection.programs, parts.meter)
        measure_staleness(collection, state.version, parts.meter)
        return evolve(collection, position=self._stream.position)


class PlayedAhead(Source):
    """Plays up to `training.max_staleness` collections ahead of the weights, while the optimizer works."""

    def __init__(self, parts: Parts, reject: Reject) -> None:
        self.slots: asyncio.Semaphore = asyncio.Semaphore(parts.plan.rollout.concurrency)
        self._parts = parts
        self._reject = reject
        self._stream: TaskStream | None = None
        self._ahead: Ahead | None = None
        self._before: dict[int, Begun] = {}

    async def next(self, state: RunState) -> Collection:
        parts, ahead = self._parts, self._started(state)
        ahead.admit(admitted(state, parts.plan.training))
        parts.tally.begin("", 0)
        with parts.builder.timeline.span("wait"):
            played = await ahead.collection()
        collection = evolve(played.opened.closed(), position=played.position)
        self._reject(played.rejected)
        parts.meter.add("loop/lag_seconds", ahead.lag.take())
        measure(collection, played.seconds, collection.programs, parts.meter)
        measure_staleness(collection, state.version, parts.meter)
        return collection

    def move(self, state: RunState) -> None:
        if self._ahead is not None:
            self._ahead.forget()
            self._ahead.admit(admitted(state, self._parts.plan.training))

    @contextmanager
    def held(self) -> Iterator[None]:
        if self._ahead is None:
            yield
        else:
            with self._ahead.held():
                yield

    def unused(self) -> Sequence[Begun]:
        drawn = self._ahead.in_play if self._ahead is not None else ()
        return [*(_begun(each) for each in drawn), *self._before.values()]

    def take_up(self, unused: Mapping[int, Begun]) -> None:
        self._before = dict(unused)

    async def close(self) -> None:
        if self._ahead is not None:
            await self._ahead.close()

    def _started(self, state: RunState) -> Ahead:
        if self._ahead is None:
            self._stream = self._parts.tasks("train", state.position)
            self._ahead = Ahead(self._draw, state.collection, self.slots)
            self._parts.tally.beside = self._in_front
        return self._ahead

    def _draw(self, number: int) -> InPlay:
        parts, stream, repeats = self._parts, self._stream, self._parts.plan.rollout.episodes_per_task
        assert stream is not None  # it was opened when the play began
        with parts.builder.timeline.span("draw"):
            tasks = stream.draw(_tasks(parts.plan))
        player = evolve(parts.player, tally=Tally(f"collection {number + 1}", len(tasks) * repeats))
        opened = OpenCollection(player, parts.scorer, "train", number, tasks, repeats)
        before = self._before.pop(number, Begun(number, 0.0, {}, ()))
        opened.take_up(before.scored.values(), before.faulted)
        return InPlay(opened, stream.position, stream.take_rejected(), before.seconds)

    def _in_front(self) -> Tally | None:
        drawn = tuple(self._ahead.in_play) if self._ahead is not None else ()  # at once: another thread asks
        return next((each.opened.tally for each in drawn if not each.opened.complete), None)


def _tasks(plan: Plan) -> int:
    """How many are drawn for a collection."""
    return plan.training.episodes_per_collection // plan.rollout.episodes_per_task


def _begun(each: InPlay) -> Begun:
    return Begun(each.opened.number, each.seconds, dict(each.opened.scored), tuple(each.opened.faulted))
