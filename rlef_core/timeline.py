"""Mark what a run does when: how long nothing worked, and, where it is asked for, a file that Perfetto opens."""

import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import IO, Any

from rlef_core.errors import UsageError

WORK = frozenset({"decode", "program", "update"})
"""The spans that count as work: sampling, a judged program, learning. While none of them runs, a run is idle."""

_TRACK: ContextVar[str | None] = ContextVar("track", default=None)


class Timeline:
    """Counts the time in which some work runs. Any thread may mark spans; one costs a few microseconds."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._working = 0
        self._since = 0.0
        self._busy = 0.0

    @contextmanager
    def span(self, name: str) -> Iterator[None]:
        """What happens inside the block is called `name`; one of `WORK` counts as work."""
        began = time.monotonic()
        if name in WORK:
            self._count(1, began)
        try:
            yield
        finally:
            ended = time.monotonic()
            if name in WORK:
                self._count(-1, ended)
            self.mark(name, began, ended)

    @contextmanager
    def track(self, name: str) -> Iterator[None]:
        """Spans of this asyncio task inside the block belong to a track of their own, such as an episode, and not to the thread's."""
        token = _TRACK.set(name)
        try:
            yield
        finally:
            _TRACK.reset(token)

    def busy(self) -> float:
        """Seconds so far in which at least one span of `WORK` ran."""
        with self._lock:
            return self._busy + (time.monotonic() - self._since if self._working else 0.0)

    def mark(self, name: str, began: float, ended: float) -> None:
        """Take note of a span that has ended, in seconds of the monotonic clock; nothing here, a file in `Trace`."""

    def _count(self, step: int, now: float) -> None:
        with self._lock:
            if self._working:
                self._busy += now - self._since
            self._working += step
            self._since = now


class Trace(Timeline):
    """A timeline that is also written to a file, as the trace events (JSON) that Perfetto and Chrome's tracing page open.

    A line is one event, so that what a killed run leaves behind opens too. Raises UsageError when the file cannot be written. Where the
    disk fails later, `lost` says how, and what comes after is not written: no run ends for its timeline.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        try:
            self._file: IO[str] = path.open("w", encoding="utf-8")
        except OSError as error:
            raise UsageError(
                f"cannot write the trace {str(path)!r}: {error}; expected a file in a folder that can be written to"
            ) from error
        self._began = time.monotonic()
        self._threads: set[int] = set()
        self._writing = threading.Lock()
        self.lost: OSError | None = None
        self._put("[")

    def mark(self, name: str, began: float, ended: float) -> None:
        track, thread = _TRACK.get(), threading.get_native_id()
        start, stop = self._microseconds(began), self._microseconds(ended)
        with self._writing:
            if track is None:
                self._name_thread(thread)
                self._write({"ph": "X", "name": name, "ts": start, "dur": round(stop - start, 3), "tid": thread})
            else:  # many episodes share a thread and overlap there, so each is a track of its own
                event = {"cat": "episode", "id": track, "name": name, "tid": thread}
                self._write({"ph": "b", "ts": start, **event})
                self._write({"ph": "e", "ts": stop, **event})

    def close(self) -> None:
        """Finish the file."""
        with self._writing:
            self._put(json.dumps({"ph": "M", "name": "process_name", "pid": os.getpid(), "args": {"name": "rlef-core"}}))
            self._put("]")
            try:
                self._file.close()
            except OSError as error:
                self.lost = error

    def _name_thread(self, thread: int) -> None:
        if thread not in self._threads:
            self._threads.add(thread)
            self._write({"ph": "M", "name": "thread_name", "tid": thread, "args": {"name": threading.current_thread().name}})

    def _microseconds(self, moment: float) -> float:
        return round(1e6 * (moment - self._began), 3)

    def _write(self, event: dict[str, Any]) -> None:
        self._put(json.dumps({"pid": os.getpid(), **event}, separators=(",", ":")) + ",")

    def _put(self, line: str) -> None:
        if self.lost or self._file.closed:  # a component's thread may end after the run
            return
        try:
            self._file.write(line + "\n")
        except OSError as error:
            self.lost = error
