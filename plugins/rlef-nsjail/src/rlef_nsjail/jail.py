"""Start one jail, ask it, end it."""

import asyncio
import json
import os
import socket
import struct
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from rlef_core import ExecutorFault
from rlef_core.sandbox import bundle, memory_file
from rlef_nsjail import cgroups
from rlef_nsjail.cgroups import Cgroups
from rlef_nsjail.design import Design, command, configuration

HARNESS = "rlef_nsjail.harness"
INSIDE = "rlef_core.sandbox.inside"
STARTING_SECONDS = 60.0
ENDING_SECONDS = 10.0
ANSWER_BYTES = 1 << 16
LOG_BYTES = 2000
MORE_EXPENDABLE = 100
"""In thousandths of the memory that there is, as the kernel counts: more than the harness takes, which may be more than a program shows."""


class Jail:
    """One nsjail with a harness in it. `pid` is the harness's, seen from here; `asked` counts the requests."""

    def __init__(self, process: "subprocess.Popen[bytes]", control: socket.socket, log: int, groups: Cgroups) -> None:
        self.process = process
        self.control = control
        self.cgroups = groups
        self.pid = 0
        self.asked = 0
        self.memory_bytes = 0
        self._log = log
        self._kills_file: int | None = None
        self._kills = 0
        self._disks_bytes = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._answered: asyncio.Future[bytes] | None = None

    async def begin(self, design: Design) -> None:
        """Give the harness its settings and wait until it is ready. Raises ExecutorFault with nsjail's own words."""
        self._disks_bytes = len(design.folders) * design.scratch_bytes
        settings = {"drivers": dict(design.drivers), "driver_name": design.driver_name, "folders": design.folders}
        try:
            async with asyncio.timeout(STARTING_SECONDS):
                with _process_folder() as folder:
                    socket.send_fds(self.control, [json.dumps({**settings, "oom_scores": _oom_scores()}).encode()], [folder])
                await _readable(self.control)
            message, self.pid = _with_sender(self.control)
            self._kills_file = self.cgroups.open_kills(self.pid) if message else None
        except (OSError, TimeoutError) as error:
            message, reason = b"", f"{type(error).__name__}: {error}"
        else:
            reason = "it ended"
        if not message:
            raise ExecutorFault(f"a jail did not start ({reason}): {self.log() or 'nsjail said nothing'}")

    async def ask(self, request: Mapping[str, Any], files: Sequence[int], patience_seconds: float) -> dict[str, Any]:
        """The harness's answer. Raises ExecutorFault when there is none; the jail is then not to be used again."""
        self.asked += 1
        self._limit_memory(request["limits"]["memory_bytes"])
        try:
            socket.send_fds(self.control, [json.dumps({**request, "id": self.asked}).encode()], files)
            message = await self._answer(patience_seconds)
        except TimeoutError:
            raise ExecutorFault(f"a jail did not answer within {patience_seconds:.0f} s") from None
        except OSError as error:
            raise ExecutorFault(f"lost a jail: {error}; {self.log()}") from error
        if not message:
            raise ExecutorFault(f"a jail ended while it ran a program: {self._memory_full()}{self.log() or 'nsjail said nothing'}")
        answer = _understood(message, self.asked)
        if self._was_killed():
            answer["limit"] = "memory"
        return answer

    async def _answer(self, patience_seconds: float) -> bytes:
        """The next message, empty when the harness is gone. Raises TimeoutError."""
        # Two handles of the loop, where `asyncio.timeout` and `sock_recv` would make several objects of every case.
        loop = asyncio.get_running_loop()
        self._answered = loop.create_future()
        if self._loop is not loop:
            loop.add_reader(self.control, self._receive)
            self._loop = loop
        late = loop.call_later(patience_seconds, self._settle, TimeoutError())
        try:
            return await self._answered
        finally:
            late.cancel()

    def _receive(self) -> None:
        try:
            message = self.control.recv(ANSWER_BYTES)
        except OSError as error:
            self._forget()
            self._settle(error)
            return
        if not message:
            self._forget()
        self._settle(message)

    def _settle(self, found: bytes | Exception) -> None:
        if self._answered is None or self._answered.done():
            return
        if isinstance(found, Exception):
            self._answered.set_exception(found)
        else:
            self._answered.set_result(found)

    def _forget(self) -> None:
        """Look at the socket no more."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.remove_reader(self.control)
        self._loop = None

    def log(self) -> str:
        """The end of what nsjail and the harness said."""
        size = os.fstat(self._log).st_size
        return os.pread(self._log, LOG_BYTES, max(0, size - LOG_BYTES)).decode("utf-8", "replace").strip()

    async def close(self) -> None:
        """End the jail and whatever runs in it; leaves no process, no control group, no open file."""
        self._forget()
        self.control.close()
        self._settle(b"")
        try:
            await asyncio.to_thread(self.end, ENDING_SECONDS)
        finally:
            os.close(self._log)
            if self._kills_file is not None:
                os.close(self._kills_file)

    def end(self, patience_seconds: float) -> None:
        """Wait for nsjail to end, or kill it, and with it the jail."""
        try:
            self.process.wait(patience_seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if self.pid:
            self.cgroups.remove(self.pid, patience_seconds)

    def _was_killed(self) -> bool:
        """The kernel killed a process of the jail since the last look, for the jail's memory was full."""
        before = self._kills
        self._kills = before if self._kills_file is None else cgroups.kills(self._kills_file)
        return self._kills > before

    def _memory_full(self) -> str:
        """Words for a jail that has ended, where the kernel had a part in it."""
        with suppress(OSError):  # its group may be gone
            if self._was_killed():
                return "its memory was full and the kernel killed a process of it; "
        return ""

    def _limit_memory(self, most: int) -> None:
        if most == self.memory_bytes:
            return
        try:
            self.cgroups.limit_memory(self.pid, most + self._disks_bytes)
        except OSError as error:
            raise ExecutorFault(f"could not bound a jail's memory: {error}") from error
        self.memory_bytes = most


def _understood(message: bytes, asked: int) -> dict[str, Any]:
    try:
        answer: dict[str, Any] = json.loads(message)
    except ValueError as error:
        raise ExecutorFault(f"a jail answered what is no JSON: {message[:100]!r}") from error
    if "fault" in answer or answer.get("id") != asked:
        raise ExecutorFault(f"a program could not be run: {answer.get('fault', 'the answer is to another request')}")
    return answer


def harness() -> bytes:
    """The script that a jail's interpreter reads."""
    return bundle((HARNESS, INSIDE), f"{HARNESS}.serve")


def spawn(design: Design, binary: Path, script: bytes, uid: int | None, groups: Cgroups) -> Jail:
    """Start nsjail. Raises ExecutorFault when it cannot be started."""
    own, their = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ExitStack() as stack:
        stack.callback(their.close)
        config = stack.enter_context(memory_file(configuration(design, uid, groups).encode(), sealed=True))
        read = stack.enter_context(memory_file(script, sealed=True))
        log = os.memfd_create("rlef-core-log")
        own.setblocking(False)
        own.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        try:
            process = subprocess.Popen(
                command(design, binary, config, their.fileno()),
                pass_fds=(config, their.fileno()),
                stdin=read,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env={},
            )
        except OSError as error:
            own.close()
            os.close(log)
            raise ExecutorFault(f"nsjail could not be started: {error}") from error
    return Jail(process, own, log, groups)


@contextmanager
def _process_folder() -> Iterator[int]:
    folder = os.open("/proc", os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield folder
    finally:
        os.close(folder)


def _oom_scores() -> tuple[int, int]:
    """What the kernel is told of the harness and of programs for when memory is full: which to end first."""
    own = int(Path("/proc/self/oom_score_adj").read_text())
    return own, min(1000, own + MORE_EXPENDABLE)


async def _readable(control: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    ready = loop.create_future()
    loop.add_reader(control, _resolve, ready)
    try:
        await ready
    finally:
        loop.remove_reader(control)


def _resolve(ready: "asyncio.Future[None]") -> None:
    if not ready.done():
        ready.set_result(None)


def _with_sender(control: socket.socket) -> tuple[bytes, int]:
    """A message and the pid of who sent it, which the kernel vouches for and translates from the jail's numbers to ours."""
    message, extra, _, _ = control.recvmsg(ANSWER_BYTES, socket.CMSG_SPACE(12))
    with suppress(StopIteration):
        pid, _, _ = next(
            struct.unpack("3i", data) for level, kind, data in extra if (level, kind) == (socket.SOL_SOCKET, socket.SCM_CREDENTIALS)
        )
        return message, pid
    return message, 0
