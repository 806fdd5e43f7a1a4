"""See what a sandbox left behind: processes, files, connections, words that nobody should know."""

import ctypes
import os
import secrets
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from attrs import define, field, frozen

SHARED = ("/tmp", "/var/tmp", "/dev/shm")  # of the host
MARK = "hostile"  # stands in the name of every file that programs leave
_SUBREAPER = 36
_PATIENCE_SECONDS = 5.0


@frozen
class Listeners:
    """Sockets of the host that no program may reach; `port` is that of loopback, and part of the abstract names."""

    port: int
    sockets: tuple[socket.socket, ...]

    def reached(self) -> list[str]:
        """Who was connected to or got a message."""
        return [str(each.getsockname()) for each in self.sockets if _reached(each)]


@define
class Watched:
    """What is looked at. `folder` is the only one where the sandbox may write; `secret` stands in the environment and in a file of it."""

    folder: Path
    listeners: Listeners
    secret: str = field(factory=lambda: secrets.token_hex(16))


@contextmanager
def watched() -> Iterator[Watched]:
    """Adopt whatever is orphaned below this process, and open the listeners."""
    ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)
    with tempfile.TemporaryDirectory(prefix="rlef-watched-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o755)
        listeners = _listeners()
        seen = Watched(Path(name), listeners)
        Path(name, "secret.txt").write_text(seen.secret)
        os.environ["RLEF_SECRET"] = seen.secret
        try:
            yield seen
        finally:
            for each in listeners.sockets:
                each.close()


def left_processes() -> list[str]:
    """The processes below this one, after a little patience for those that are ending."""
    end = time.monotonic() + _PATIENCE_SECONDS
    while (found := _descendants(os.getpid())) and time.monotonic() < end:
        with suppress(ChildProcessError):
            os.waitpid(-1, os.WNOHANG)
        time.sleep(0.05)
    return found


def left_files() -> list[str]:
    """What has a name that programs gave, in the folders of the host that everybody may write to."""
    return [str(path) for folder in SHARED for path in Path(folder).glob(f"*by-{MARK}*")]


def _listeners() -> Listeners:
    loopback = socket.create_server(("127.0.0.1", 0))
    port = loopback.getsockname()[1]
    datagrams = socket.socket(type=socket.SOCK_DGRAM)
    datagrams.bind(("127.0.0.1", port))
    stream, messages = socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    stream.bind(f"\0rlef-hostile-{port}")
    stream.listen()
    messages.bind(f"\0rlef-hostile-{port}-datagrams")
    for each in (loopback, datagrams, stream, messages):
        each.setblocking(False)
    return Listeners(port, (loopback, datagrams, stream, messages))


def _reached(listener: socket.socket) -> bool:
    try:
        if listener.type == socket.SOCK_DGRAM:
            listener.recv(1)
        else:
            listener.accept()[0].close()
    except BlockingIOError:
        return False
    return True


def _descendants(of: int) -> list[str]:
    parents, names = {}, {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with suppress(OSError, IndexError, ValueError):
                name, _, rest = (folder / "stat").read_text().rpartition(")")
                parents[int(folder.name)] = int(rest.split()[1])
                names[int(folder.name)] = name.partition("(")[2]
    below = {of}
    while found := {pid for pid, parent in parents.items() if parent in below and pid not in below}:
        below |= found
    return [f"{names[pid]} ({pid})" for pid in sorted(below - {of})]
