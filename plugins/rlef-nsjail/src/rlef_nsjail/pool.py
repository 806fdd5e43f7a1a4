"""Hand out verified jails, several of each design; replace those that are lost or have run long enough."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from rlef_core import ExecutorFault, MetricSink
from rlef_nsjail.cgroups import Cgroups
from rlef_nsjail.design import Design
from rlef_nsjail.jail import Jail, harness, spawn
from rlef_nsjail.verify import verify

log = logging.getLogger(__name__)


class Pool:
    """Jails by design. `first_uid`: as root, each runs as a user of its own from there on; None: all run as this user."""

    def __init__(self, binary: Path, cgroups: Cgroups, first_uid: int | None, requests_per_jail: int, metrics: MetricSink) -> None:
        self._binary = binary
        self._cgroups = cgroups
        self._first_uid = first_uid
        self._most_requests = requests_per_jail
        self._metrics = metrics
        self._script = harness()
        self._idle: dict[int, list[Jail]] = defaultdict(list)
        self._users: dict[Jail, int] = {}
        self._ending: set[asyncio.Task[None]] = set()
        self._closed = False

    @asynccontextmanager
    async def jail(self, design: Design) -> AsyncIterator[Jail]:
        """A jail for one request. Whatever goes wrong inside the block ends it; raises ExecutorFault when none can be started."""
        jail = await self._take(design)
        try:
            yield jail
        except BaseException:
            await self._discard(jail)
            raise
        if self._closed or jail.asked > self._most_requests:  # the first was the canary's
            self._end(jail)
        else:
            self._idle[id(design)].append(jail)

    async def close(self) -> None:
        """End every jail, also one that runs a program."""
        self._closed = True
        idle = {jail for jails in self._idle.values() for jail in jails}
        for jail in list(self._users):
            if jail not in idle:
                jail.process.terminate()
        for jail in idle:
            self._end(jail)
        self._idle.clear()
        while self._users:  # what runs a program is ended by who waits for it
            await asyncio.wait(self._ending or {asyncio.ensure_future(asyncio.sleep(0.01))})

    async def _take(self, design: Design) -> Jail:
        if self._closed:
            raise ExecutorFault("the executor is closed")
        idle = self._idle[id(design)]
        while idle:
            jail = idle.pop()
            if jail.process.poll() is None:
                return jail
            self._metrics.add("executor/jails_lost", 1.0)
            log.warning("a jail ended while it was idle: %s", jail.log() or "nsjail said nothing")
            self._end(jail)
        return await self._new(design)

    async def _new(self, design: Design) -> Jail:
        index = next(index for index in range(len(self._users) + 1) if index not in self._users.values())
        uid = None if self._first_uid is None else self._first_uid + index
        jail = spawn(design, self._binary, self._script, uid, self._cgroups)
        self._users[jail] = index
        self._metrics.add("executor/jails_started", 1.0)
        try:
            await jail.begin(design)
            await verify(jail, design, uid)
        except BaseException:
            await self._discard(jail)
            raise
        return jail

    async def _discard(self, jail: Jail) -> None:
        """End a jail at once, whatever it does; a cancellation does not stop that."""
        jail.process.terminate()
        await asyncio.shield(self._end(jail))

    def _end(self, jail: Jail) -> "asyncio.Task[None]":
        async def ending() -> None:
            try:
                await jail.close()
            finally:
                del self._users[jail]

        task = asyncio.create_task(ending())
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)
        return task
