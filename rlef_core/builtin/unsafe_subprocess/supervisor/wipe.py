"""Remove a directory whatever a program made of it: trees deeper than a path may be long, forbidden folders, links to anywhere."""
# ruff: noqa: PTH101, PTH106, PTH208 -- these work on open folders, or where every case would pay for a path object

import os
import stat
from itertools import count


def wipe(path: str) -> None:
    """Remove the directory `path` and all in it. Links are removed, never followed; one that is not there is no error."""
    try:
        os.chmod(path, 0o700)
        top = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except FileNotFoundError:
        return
    try:
        _flatten(top)
    finally:
        os.close(top)
    os.rmdir(path)


def _flatten(top: int) -> None:
    """Empty the folder `top`: what lies in a folder is moved up to it, so that no depth needs recursion or long paths."""
    numbers = count()
    while names := os.listdir(top):  # pathlib cannot list an open folder
        for name in names:
            if stat.S_ISDIR(os.lstat(name, dir_fd=top).st_mode):
                _raise_content(top, name, numbers)
            else:
                os.unlink(name, dir_fd=top)


def _raise_content(top: int, name: str, numbers: "count[int]") -> None:
    os.chmod(name, 0o700, dir_fd=top)
    folder = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=top)
    try:
        for inner in os.listdir(folder):
            if not stat.S_ISDIR(os.lstat(inner, dir_fd=folder).st_mode):
                os.unlink(inner, dir_fd=folder)
                continue
            os.chmod(inner, 0o700, dir_fd=folder)  # a folder is moved only by who may write into it
            os.rename(inner, f".wipe-{os.getpid()}-{next(numbers)}", src_dir_fd=folder, dst_dir_fd=top)
    finally:
        os.close(folder)
    os.rmdir(name, dir_fd=top)
