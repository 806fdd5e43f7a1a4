"""Take the file in which a program was asked to answer."""

import os
import stat


def take_file(path: str, target: int, owner: int, most: int) -> None:
    """Put the file of `path` in the place of what the open file `target` holds, at most `most` bytes.

    Only a plain file of the user `owner` counts, none that a program linked to; without one the answer is empty.
    """
    os.ftruncate(target, 0)
    try:
        source = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return
    try:
        status = os.fstat(source)
        if stat.S_ISREG(status.st_mode) and status.st_uid == owner:
            os.pwrite(target, os.pread(source, most, 0), 0)
    finally:
        os.close(source)
