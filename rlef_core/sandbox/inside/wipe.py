"""Remove what a program left on disk, whatever it made of it: very deep trees, forbidden folders, links to anywhere."""
# ruff: noqa: PTH106, PTH116, PTH208 -- these work on names in open folders, which pathlib cannot

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from itertools import count

SHARED_FOLDERS = ("/tmp", "/var/tmp", "/dev/shm")
CLOCK_TICK_NS = 20_000_000


def wipe(path: str) -> None:
    """Remove the directory `path` and all in it. Links are removed, never followed; one that is not there is no error."""
    with suppress(FileNotFoundError):
        top = _open(path)
        try:
            empty(top)
        finally:
            os.close(top)
        os.rmdir(path)


def empty(top: int) -> None:
    """Empty the folder `top`: what lies in a folder is moved up to it, so that no depth needs recursion or long paths."""
    token = os.urandom(8).hex()  # so that no program can have made what is moved to such a name
    new_names = (f".wipe-{token}-{number}" for number in count())
    while names := os.listdir(top):
        for name in names:
            if stat.S_ISDIR(os.lstat(name, dir_fd=top).st_mode):
                _raise_content(top, name, new_names)
            else:
                os.unlink(name, dir_fd=top)


def sweep(uid: int, since_ns: int) -> None:
    """Remove what the user `uid`, who runs nothing else, has put into the folders that everybody may write to.

    Only what changed after `since_ns`, a time of `time.time_ns`.
    """
    since_ns -= CLOCK_TICK_NS
    for folder in SHARED_FOLDERS:
        with suppress(FileNotFoundError):
            if os.stat(folder).st_mtime_ns >= since_ns:
                _sweep(folder, uid, since_ns)


def _sweep(folder: str, uid: int, since_ns: int) -> None:
    with os.scandir(folder) as entries:
        for entry in entries:
            with suppress(FileNotFoundError):
                status = entry.stat(follow_symlinks=False)
                if status.st_uid == uid and status.st_ctime_ns >= since_ns:
                    remove = wipe if stat.S_ISDIR(status.st_mode) else os.unlink
                    remove(entry.path)


def _raise_content(top: int, name: str, new_names: Iterator[str]) -> None:
    folder = _open(name, top)
    try:
        for inner in os.listdir(folder):
            if stat.S_ISDIR(os.lstat(inner, dir_fd=folder).st_mode):
                _move(folder, inner, top, next(new_names))
            else:
                os.unlink(inner, dir_fd=folder)
    finally:
        os.close(folder)
    os.rmdir(name, dir_fd=top)


def _open(name: str, folder: int | None = None) -> int:
    """Open a folder, also a forbidden one. Root may as it is; it never changes a mode, for the name could by now be a link to anywhere."""
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
    if os.geteuid() != 0:
        os.chmod(name, 0o700, dir_fd=folder)
    return os.open(name, flags, dir_fd=folder)


def _move(source: int, name: str, target: int, new_name: str) -> None:
    if os.geteuid() != 0:
        os.chmod(name, 0o700, dir_fd=source)  # a folder is moved only by who may write into it
    os.rename(name, new_name, src_dir_fd=source, dst_dir_fd=target)
