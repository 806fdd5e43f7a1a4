"""Look at this machine: processors, memory, room on disks. Everything is read; nothing is started, and nothing is written."""

import os
import platform
import sys
from collections.abc import Iterator
from pathlib import Path

from rlef_core import Health
from rlef_core.builtin.machine.memory import memory
from rlef_core.builtin.machine.processors import openmp, processors
from rlef_core.builtin.machine.storage import open_files, room, shared_memory

LEAST_DISK_BYTES = 1 << 30
"""Below it a run's episodes and checkpoints, or a model from the hub, may find no room."""


def findings() -> Iterator[Health]:
    """What a run needs whatever its plugins are."""
    linux = sys.platform.startswith("linux")
    yield Health("system", linux, f"{platform.system()} {platform.release()} on {platform.machine()}", "use Linux, or a container of it")
    yield Health("python", True, f"{platform.python_implementation()} {platform.python_version()} at {sys.executable}")
    if not linux:
        return
    root = Path("/")
    usable = os.sched_getaffinity(0)
    yield processors(root, usable)
    yield openmp(os.environ, len(usable), os.getloadavg()[0])
    yield memory(root)
    yield shared_memory(root)
    yield room("disk", Path.cwd(), LEAST_DISK_BYTES, "make room, or set `run.directory` to a folder on another disk")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    yield room("cache", cache, LEAST_DISK_BYTES, "make room, or set XDG_CACHE_HOME to a folder on another disk")
    yield open_files(len(usable))
