"""Take requests from the socket, one at a time, and answer what became of each."""

import gc
import json
import os
import resource
import signal
import socket
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from rlef_core.sandbox.inside import answers, packing, wipe
from rlef_nsjail.harness import case, rehearsal, seccomp, warm, watch

MESSAGE_BYTES = 1 << 17
MOST_FILES = 64
_end = os._exit


class PartingError(Exception):
    """The owner of the jail is gone or wants no more of it."""


def main() -> None:
    """Arguments: the number of the socket. The first message tells the drivers and which folders programs may write to."""
    if os.getpid() != 1:
        raise SystemExit("the harness ends every process it can reach: it refuses to run but as the first of a jail")
    control = socket.socket(fileno=int(sys.argv[1]))
    control.set_inheritable(False)
    with suppress(PartingError):
        message, (processes,), _, _ = socket.recv_fds(control, MESSAGE_BYTES, 1, socket.MSG_CMSG_CLOEXEC)
        Harness(control, json.loads(message), processes).serve()


class Harness:
    """The jail's first process."""

    def __init__(self, control: socket.socket, settings: Mapping[str, Any], processes: int) -> None:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # which the kernel never delivers to a first process
        self.control = control
        self.own_score, self.program_score = (str(score).encode() for score in settings["oom_scores"])
        self.score = os.open("self/oom_score_adj", os.O_WRONLY, dir_fd=processes)
        os.close(processes)
        self.watch = watch.Watch(control)
        self.drivers = {name: compile(source, settings["driver_name"], "exec") for name, source in settings["drivers"].items()}
        self.filters = seccomp.Filters()
        self.reading, self.writing = os.pipe()
        os.set_blocking(self.reading, False)
        self.folders = [os.open(path, os.O_RDONLY | os.O_DIRECTORY) for path in settings["folders"]]
        os.chdir(settings["folders"][0])
        os.umask(0o022)
        resource.setrlimit(resource.RLIMIT_CORE, (1, 1))  # one byte: no core, and none piped to a handler of the host either
        warm.warm()
        rehearsal.rehearse()
        gc.collect()
        gc.freeze()  # so that no fork copies what it only looks through
        gc.disable()

    def serve(self) -> None:
        """Until the socket is closed."""
        self._clear()
        self._send({"ready": True})
        while True:
            message, files, _, _ = socket.recv_fds(self.control, MESSAGE_BYTES, MOST_FILES, socket.MSG_CMSG_CLOEXEC)
            if not message:
                raise PartingError
            request = json.loads(message)
            try:
                self._send({"id": request["id"], **self._run(request, files)})
            finally:
                for descriptor in files:
                    os.close(descriptor)

    def _run(self, request: Mapping[str, Any], files: list[int]) -> dict[str, Any]:
        """`status`, times, memory and the limit hit; or `fault`, after which the jail is not to be used again."""
        limits = request["limits"]
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        started = time.monotonic()
        os.write(self.score, self.program_score)  # which the child inherits: where memory is full it is ended, not the harness
        pid = os.fork()
        if pid == 0:
            try:
                case.become(request, files, self.drivers, self.filters, self.writing)
            finally:
                _end(case.NOT_EXECUTED)  # whatever a program did to the functions above
        os.write(self.score, self.own_score)
        hit = self.watch.until_end(pid, limits, files[1], several=not request["filter"])
        _, status, usage = _end_all(pid)
        wall = time.monotonic() - started
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        if request["output_file"]:
            answers.take_file(request["output_file"], files[1], os.geteuid(), limits["output_bytes"] + 1)
        if request["keep"]:
            packing.pack_directory(".", files[-1])
        self._clear()
        if hit == watch.GONE:
            raise PartingError
        if status == case.NOT_EXECUTED << 8 and (problem := self._told()):
            return {"fault": problem}
        return {
            "status": status,
            "cpu_seconds": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
            "wall_seconds": wall,
            "peak_memory_bytes": usage.ru_maxrss * 1024,
            "limit": hit,
        }

    def _told(self) -> str:
        """What a child said of a step before its program; at most one has."""
        try:
            return os.read(self.reading, MESSAGE_BYTES).decode("utf-8", "replace")
        except BlockingIOError:
            return ""

    def _clear(self) -> None:
        """Leave nothing of the last program: no file, no mode, no time."""
        for folder in self.folders:
            os.fchmod(folder, 0o700)
            wipe.empty(folder)
            os.utime(folder, (0, 0))

    def _send(self, answer: Mapping[str, Any]) -> None:
        try:
            self.control.send(json.dumps(answer).encode())
        except OSError as error:
            raise PartingError from error


def _end_all(pid: int) -> tuple[int, int, resource.struct_rusage]:
    """Kill and reap every other process of the jail. Returns what wait told of `pid`, with the peak memory of the biggest of all."""
    if os.getpid() != 1:
        raise RuntimeError("only the first process of a jail may end all others")
    with suppress(ProcessLookupError):  # there is none
        os.kill(-1, signal.SIGKILL)
    ended = os.wait4(pid, 0)
    with suppress(ChildProcessError):
        while True:
            _, _, usage = os.wait4(-1, 0)
            if usage.ru_maxrss > ended[2].ru_maxrss:
                ended = (*ended[:2], usage)
    return ended
