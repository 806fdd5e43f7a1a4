"""Keep trees in a folder: found again while what they were made of is unchanged, added in one step, never seen half-built."""

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rlef_core.errors import PluginError
from rlef_nsjail.rootfs.tree import folder

BUILDING = ".building-"
GRACE_SECONDS = 60  # a builder has locked its folder long before


def default_cache() -> Path:
    """Where trees are kept: for root where a jail's unprivileged user may walk to."""
    if os.geteuid() == 0:
        return Path("/var/cache/rlef-core/rootfs")
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "rlef-core" / "rootfs"


def prepare(cache: Path) -> None:
    """Make the folder. Raises PluginError where others could write into it or a jail's user could not reach it."""
    try:
        folder(cache)
        status = cache.stat()
    except OSError as error:
        raise PluginError(f"could not make the folder {str(cache)!r} for root file systems: {error}; name another one") from error
    closed = [str(path) for path in [cache, *cache.parents] if os.geteuid() == 0 and not path.stat().st_mode & 0o001]
    if closed:
        found = f"found {closed[-1]!r}, which only its owner may enter, on the way to {str(cache)!r}"
        raise PluginError(f"{found}, expected folders that the user of a jail may enter, too; name another one")
    if status.st_uid not in {0, os.geteuid()} or status.st_mode & 0o022:
        found = f"found the folder {str(cache)!r} of user {status.st_uid} with mode {status.st_mode & 0o777:o}"
        raise PluginError(f"{found}, expected one that only you can write to; name another one")


@contextmanager
def building(cache: Path) -> Iterator[Path]:
    """A folder for one builder; its content is gone at the end unless `publish` has moved it."""
    path = Path(tempfile.mkdtemp(prefix=f"{BUILDING}{os.getpid()}-", dir=cache))
    try:
        with (path / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            path.chmod(0o755)
            yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def publish(path: Path, entry: Path) -> None:
    """Move a built folder to its name in one step; where another builder was first, its folder stays."""
    try:
        path.rename(entry)
    except OSError:
        if not entry.is_dir():
            raise


def sweep(cache: Path) -> None:
    """Remove what builders left that are no more."""
    for path in cache.glob(f"{BUILDING}*"):
        if abandoned(path):
            shutil.rmtree(path, ignore_errors=True)


def abandoned(path: Path) -> bool:
    """Whether nobody builds here any more: the builder's lock is free, and it had the time to take it."""
    try:
        if time.time() - path.stat().st_mtime < GRACE_SECONDS:
            return False
        with (path / "lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return path.is_dir()
    return True
