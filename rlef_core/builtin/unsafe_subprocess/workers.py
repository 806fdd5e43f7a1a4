"""The owner's side of the supervisors: start them, send one a request, notice when they are lost."""

import asyncio
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from rlef_core import ExecutorFault
from rlef_core.sandbox import bundle, memory_file

SUPERVISOR = "rlef_core.builtin.unsafe_subprocess.supervisor"
INSIDE = "rlef_core.sandbox.inside"
CLOSING_SECONDS = 60.0


class Worker:
    """One supervisor. Takes one request at a time; `directory` is where its programs run."""

    def __init__(self, control: socket.socket, directory: str) -> None:
        self.control = control
        self.directory = directory
        self.asked = 0
        self.pending: asyncio.Future[dict[str, Any]] | None = None

    async def ask(self, request: Mapping[str, Any], files: Sequence[int]) -> dict[str, Any]:
        """The answer to one request. Raises ExecutorFault when there is none. When cancelled, the program is killed before this returns."""
        self.asked += 1
        message = json.dumps({"id": self.asked, **request}).encode()
        try:
            socket.send_fds(self.control, [message], files)
        except OSError as error:
            raise ExecutorFault(f"cannot reach the supervisor of the programs: {error}") from error
        self.pending = answer = asyncio.ensure_future(self._answer())
        try:
            return await asyncio.shield(answer)
        except asyncio.CancelledError:
            await self._stop(answer)
            raise

    async def close(self) -> None:
        """Let go of the supervisor, which ends its program; a request that waits raises ExecutorFault."""
        with suppress(OSError):  # it is gone already
            self.control.shutdown(socket.SHUT_RDWR)
        if self.pending is not None:
            await asyncio.wait([self.pending])
        self.control.close()

    async def _answer(self) -> dict[str, Any]:
        loop = asyncio.get_running_loop()
        while True:
            try:
                message = await loop.sock_recv(self.control, 1 << 16)
            except OSError as error:
                raise ExecutorFault(f"lost the supervisor of the programs: {error}") from error
            if not message:
                raise ExecutorFault("the supervisor of the programs ended")
            answer: dict[str, Any] = json.loads(message)
            if answer["id"] in {None, self.asked}:
                return answer

    async def _stop(self, answer: "asyncio.Future[dict[str, Any]]") -> None:
        try:
            self.control.send(b'{"stop": true}')
        except OSError:
            answer.cancel()
        # A second cancellation must not leave the answer to the next request.
        while not answer.done():
            try:
                await asyncio.wait([answer])
            except asyncio.CancelledError:
                continue
        if not answer.cancelled():
            answer.exception()


class Workers:
    """A warden process with its supervisors; `idle` hands them out."""

    def __init__(self, count: int, first_uid: int, parent: Path | None) -> None:
        self.directory = tempfile.mkdtemp(prefix="rlef-core-programs-", dir=parent)
        os.chmod(self.directory, 0o711)  # noqa: PTH101  # programs of another user work below it
        pairs = [socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET) for _ in range(count)]
        theirs = [their for _, their in pairs]
        try:
            self.process = _start_warden(self.directory, first_uid, theirs)
        except BaseException:
            shutil.rmtree(self.directory)
            raise
        finally:
            for their in theirs:
                their.close()
        self.idle: asyncio.LifoQueue[Worker] = asyncio.LifoQueue()
        self.all = [Worker(own, f"{self.directory}/{index}") for index, (own, _) in enumerate(pairs)]
        for worker in self.all:
            worker.control.setblocking(False)
            self.idle.put_nowait(worker)

    @property
    def lost(self) -> bool:
        """The warden ended, which it does not by itself."""
        return self.process.poll() is not None

    async def close(self) -> None:
        """End every program and process; remove every file."""
        for worker in self.all:
            await worker.close()
        await asyncio.to_thread(self._wait)

    def _wait(self) -> None:
        try:
            self.process.wait(CLOSING_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.directory, ignore_errors=True)


def _start_warden(directory: str, first_uid: int, sockets: Sequence[socket.socket]) -> "subprocess.Popen[bytes]":
    numbers = [each.fileno() for each in sockets]
    interpreter = getattr(sys, "_base_executable", None) or sys.executable
    command = [interpreter, "-I", "-S", "-", str(os.getpid()), directory, str(first_uid), *map(str, numbers)]
    with memory_file(bundle((SUPERVISOR, INSIDE), f"{SUPERVISOR}.warden")) as script:
        return subprocess.Popen(command, pass_fds=numbers, stdin=script, stdout=subprocess.DEVNULL, start_new_session=True)
