"""Tell how much room there is in folders, in shared memory, and in the table of open files."""

import os
import resource
import shutil
from pathlib import Path

from rlef_core import Health
from rlef_core.builtin.machine.sizes import size

LEAST_SHARED_BYTES = 512 << 20
"""Above the 64 MiB that a container gets unasked; the processes of an engine hand each other data there and need more."""
FILES_PER_PROCESSOR = 64
"""A program that runs takes some ten; a connection to a server takes one."""


def room(name: str, folder: Path, least: int, advice: str) -> Health:
    """The free bytes of the disk that holds `folder`, or would; a note where they are fewer than `least` or nothing can be written."""
    there = next(path for path in (folder, *folder.parents) if os.access(path, os.F_OK))
    usage = shutil.disk_usage(there)
    found = f"{size(usage.free)} of {size(usage.total)} free at {folder}"
    writable = os.access(there, os.W_OK | os.X_OK)
    return Health(name, writable and usage.free >= least, found if writable else f"{found}, which this user cannot write to", advice, False)


def shared_memory(root: Path) -> Health:
    """The room of /dev/shm; a note where it is little."""
    folder = root / "dev/shm"
    if not folder.is_dir():
        return Health("shared memory", False, "no /dev/shm", "mount one: `mount -t tmpfs tmpfs /dev/shm`", needed=False)
    advice = "start the container with --shm-size=8g, or make room: remove what ended processes left in /dev/shm"
    return room("shared memory", folder, LEAST_SHARED_BYTES, advice)


def open_files(processors: int) -> Health:
    """How many files a process may have open at once; a note where it is fewer than that many processors may keep busy."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    least = max(1024, FILES_PER_PROCESSOR * processors)
    found = "no limit" if soft == resource.RLIM_INFINITY else f"{soft} at most"
    return Health("open files", soft == resource.RLIM_INFINITY or soft >= least, found, f"run `ulimit -n {max(least, hard)}` before", False)
