"""The process above the supervisors: starts them, replaces one that died, and clears up when their owner is gone."""

import os
import select
import signal
import socket
import sys
from contextlib import suppress

from rlef_core.sandbox.inside import wipe

from . import kernel, reap, serve


def main() -> None:
    """Arguments: the owner's pid, the directory of all cases, the first uid, and one socket's number a supervisor."""
    owner, directory, first_uid, *sockets = sys.argv[1:]
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    kernel.adopt_orphans()
    kernel.forbid_new_privileges()
    watched = os.pidfd_open(int(owner))
    if os.getppid() != int(owner):
        return
    controls = [socket.socket(fileno=int(number)) for number in sockets]
    for control in controls:
        control.set_inheritable(False)
    Warden(directory, int(first_uid), controls).run(watched)


class Warden:
    """Keeps one supervisor alive for each socket until the sockets' other ends are closed."""

    def __init__(self, directory: str, first_uid: int, sockets: list[socket.socket]) -> None:
        self.directory = directory
        self.first_uid = first_uid
        self.sockets = sockets
        self.supervisors: dict[int, tuple[int, int]] = {}
        """By pidfd: the pid and the index of its socket."""

    def run(self, owner: int) -> None:
        """Until every supervisor ended in order; when the process of the pidfd `owner` ends they are told to."""
        for index in range(len(self.sockets)):
            self._start(index)
        poller = select.poll()
        poller.register(owner, select.POLLIN)
        while self.supervisors:
            for pidfd in self.supervisors:
                poller.register(pidfd, select.POLLIN)
            for ready, _ in poller.poll():
                poller.unregister(ready)
                if ready == owner:
                    self._close_sockets()
                else:
                    self._ended(ready)
        reap.end_all()
        wipe.wipe(self.directory)

    def _start(self, index: int) -> None:
        own = os.pidfd_open(os.getpid())
        pid = os.fork()
        if pid == 0:
            self._supervise(index, own)
        os.close(own)
        self.supervisors[os.pidfd_open(pid)] = (pid, index)

    def _supervise(self, index: int, parent: int) -> None:
        code = 1
        try:
            for other, each in enumerate(self.sockets):
                if other != index:
                    each.close()
            serve.serve(self.sockets[index], parent, f"{self.directory}/{index}", self.first_uid)
            code = 0
        except BaseException as error:  # a supervisor must never go on as a warden
            sys.stderr.write(f"supervisor {index} failed: {type(error).__name__}: {error}\n")
        finally:
            os._exit(code)

    def _ended(self, pidfd: int) -> None:
        pid, index = self.supervisors.pop(pidfd)
        os.close(pidfd)
        status = os.waitpid(pid, 0)[1]
        if status == 0:
            return
        reap.end_all(keep=[other for other, _ in self.supervisors.values()])
        with suppress(OSError):
            wipe.wipe(f"{self.directory}/{index}")
        with suppress(OSError):
            self.sockets[index].send(b'{"id": null, "fault": "the supervisor of the program died"}')
        self._start(index)

    def _close_sockets(self) -> None:
        # The owner's forked children may hold its ends open; a shutdown reaches the supervisors all the same.
        for each in self.sockets:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
