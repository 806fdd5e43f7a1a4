"""Start ranks as processes, keep the lines to them, and end them all."""

import pickle
import socket
import subprocess
from collections.abc import Sequence
from pathlib import Path
from threading import Lock, Thread, current_thread
from time import monotonic
from typing import Any

from rlef_deepspeed.errors import RankError
from rlef_deepspeed.launching import Launch, end
from rlef_deepspeed.line import Line
from rlef_deepspeed.logs import last_words, log_of
from rlef_deepspeed.meeting import Meeting
from rlef_deepspeed.messages import Answer, Call, Ended, Failure, Hello, Start, Walking
from rlef_deepspeed.roll import Roll

START_SECONDS = 600.0
"""How long all ranks may take to say hello."""
_POLL_SECONDS = 0.2
_END_SECONDS = 10.0


class Lines:
    """The lines to the ranks of one launch; what they say goes into `roll`."""

    def __init__(self, launch: Launch, maker: str) -> None:
        directory, config = launch.recipe.directory, launch.recipe.config
        self.ranks = range(config.world_size)
        self.roll = Roll(config.world_size, config.timeout_seconds, lambda rank: last_words(log_of(directory, rank)))
        self.apart = False  # rank 0 is on another machine
        self._launch = launch
        self._start = Start(maker, launch.environment)
        self._lines: dict[int, Line] = {}
        self._listeners: list[Thread] = []
        self._turn = Lock()
        self._launcher: subprocess.Popen[bytes] | None = None
        self._ended = False

    def open(self) -> None:
        """Start the ranks; returns when each has come and has imported what it needs. Raises RankError, UsageError or OutOfStep."""
        with socket.create_server((self._launch.places.here, 0), backlog=len(self.ranks)) as server:
            server.settimeout(_POLL_SECONDS)
            meeting = Meeting.at(server.getsockname(), self._launch.recipe.directory)
            path = meeting.write()
            try:
                self._start_launcher(path)
                self._gather(server, meeting.key)
            finally:
                path.unlink()
        self.roll.answer(self.ranks)

    def call(self, ranks: Sequence[int], call: Call) -> None:
        """Send a call to ranks."""
        message = pickle.dumps(call)
        for rank in ranks:
            self.roll.called(rank, call.method)
            self._lines[rank].send(message)

    def end(self) -> None:
        """End all processes and lines; the first call counts."""
        with self._turn:
            if self._ended:
                return
            self._ended = True
            for line in self._lines.values():
                line.hang_up()
            if self._launcher is not None:
                end(self._launcher, self._launch.recipe.directory)
            late = monotonic() + _END_SECONDS
            for listener in self._listeners:  # they hear when ranks on other machines have ended
                if listener is not current_thread():
                    listener.join(max(0.0, late - monotonic()))

    def _start_launcher(self, meeting: Path) -> None:
        with self._turn:
            if not self._ended:
                self._launcher = self._launch.start(meeting)

    def _gather(self, server: socket.socket, key: bytes) -> None:
        late = monotonic() + START_SECONDS
        while missing := [rank for rank in self.ranks if rank not in self._lines]:
            try:
                accepted, _ = server.accept()
                Thread(target=self._attend, args=(Line(accepted), key), name="rlef-deepspeed listener", daemon=True).start()
            except TimeoutError:
                self._check(missing, overdue=monotonic() > late)

    def _check(self, missing: Sequence[int], *, overdue: bool) -> None:
        status = None if self._launcher is None else self._launcher.poll()
        if self.roll.broken:
            self.roll.answer(self.ranks)  # raises
        if self._ended or status is not None:
            raise RankError(f"the launcher ended with exit status {status} before rank {missing[0]} came; {last_words(self._launch.log)}")
        if overdue:
            raise RankError(f"rank {missing[0]} did not come within {START_SECONDS:g} s; {last_words(self._launch.log)}")

    def _attend(self, line: Line, key: bytes) -> None:
        rank: list[int] = []

        def heard(message: Any) -> None:
            if isinstance(message, Hello):
                rank.append(message.rank)
                self._admit(message, line)
            else:
                self._heard(rank[0], message)

        try:
            line.listen(key, heard)
        finally:
            if rank:
                self._lost(rank[0], None)

    def _admit(self, hello: Hello, line: Line) -> None:
        self.roll.called(hello.rank, "start")
        self._listeners.append(current_thread())
        self._lines[hello.rank] = line
        line.send(pickle.dumps(self._start))
        if hello.rank == 0:
            self.apart = hello.machine != socket.gethostname()

    def _heard(self, rank: int, message: Any) -> None:
        match message:
            case Answer(value):
                self.roll.answered(rank, value)
            case Failure():
                self.roll.failed(rank, message)
            case Walking():
                self.call(self.ranks[1:], Call("walk"))
            case Ended():
                self._lost(rank, message)

    def _lost(self, rank: int, how: Ended | None) -> None:
        idle = self.roll.idle
        self.roll.failed(rank, how)
        if idle and not self._ended:  # where a call is under way, the one who called ends all, once it is known who was the cause
            self.end()
