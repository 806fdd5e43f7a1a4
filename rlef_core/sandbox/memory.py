"""Open files without a name, for what goes to a program and comes from it."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

_SEALS = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE


@contextmanager
def memory_file(content: bytes = b"", *, sealed: bool = False) -> Iterator[int]:
    """The descriptor of a file that holds `content`, read from its start; `sealed`: nobody can change it any more."""
    descriptor = os.memfd_create("rlef-core", os.MFD_CLOEXEC | (os.MFD_ALLOW_SEALING if sealed else 0))
    try:
        left = memoryview(content)
        while left:
            left = left[os.write(descriptor, left) :]
        if content:
            os.lseek(descriptor, 0, os.SEEK_SET)
        if sealed:
            fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, _SEALS)
        yield descriptor
    finally:
        os.close(descriptor)
