"""See what a component does to the machine: processes below this one, descriptors, memory, temporary files."""

import asyncio
import ctypes
import gc
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PROC = Path("/proc")


@contextmanager
def temporary_folder(within: str | None = None, mode: int = 0o755) -> Iterator[str]:
    """A folder that other users can reach, as those of pytest are not; in the system's temporary one unless said. Removed at the end."""
    with tempfile.TemporaryDirectory(prefix="rlef-core-testing-", dir=within) as folder:
        Path(folder).chmod(mode)
        yield folder


def descendants() -> list[int]:
    """The processes below this one, parents before their children; zombies count."""
    children: dict[int, list[int]] = {}
    for pid in _pids():
        if fields := _fields(pid):
            children.setdefault(int(fields[1]), []).append(pid)
    found, waiting = [], [os.getpid()]
    while waiting:
        below = sorted(children.get(waiting.pop(0), ()))
        found += below
        waiting += below
    return found


def computing() -> list[int]:
    """The processes below this one that want a CPU just now."""
    return [pid for pid in descendants() if _fields(pid)[:1] == ["R"]]


def processes_named(token: str) -> list[int]:
    """The processes of this machine whose command line or name holds `token`."""
    return [pid for pid in _pids() if token.encode() in _name(pid)]


def descriptors() -> dict[str, str]:
    """What each open descriptor of this process stands for."""
    found = {}
    for link in (PROC / "self" / "fd").iterdir():
        with suppress(OSError):  # the listing's own is closed by now
            found[link.name] = str(link.readlink())
    return found


def entries(folder: str) -> set[str]:
    """The names in a folder."""
    return {path.name for path in Path(folder).iterdir()}


def memory_bytes() -> int:
    """The resident memory of this process, without what its C library keeps of freed memory: a leak would go unseen there."""
    gc.collect()
    with suppress(AttributeError):  # glibc has it
        ctypes.CDLL(None).malloc_trim(0)
    return int((PROC / "self" / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


async def comes_true(condition: Callable[[], bool], seconds: float) -> bool:
    """Wait until the condition holds; False when it still does not."""
    for _ in range(int(seconds * 50)):
        if condition():
            return True
        await asyncio.sleep(0.02)
    return False


def _fields(pid: int) -> list[str]:
    """State, parent and the rest of what the kernel tells of a process; nothing when it ended meanwhile."""
    try:
        return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _pids() -> list[int]:
    return [int(entry.name) for entry in PROC.iterdir() if entry.name.isdigit()]


def _name(pid: int) -> bytes:
    try:
        return (PROC / str(pid) / "cmdline").read_bytes() + (PROC / str(pid) / "comm").read_bytes()
    except OSError:
        return b""
