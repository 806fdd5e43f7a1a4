"""Carry files in one open file without a name: a line with the table, then the bytes."""

import json
import os
import stat
from collections.abc import Mapping
from typing import BinaryIO

_CHUNK = 1 << 20


def pack(files: Mapping[str, bytes]) -> bytes:
    """The bytes that `unpack` reads."""
    table = json.dumps([[name, 0o644, len(content)] for name, content in files.items()])
    return b"".join((table.encode(), b"\n", *files.values()))


def unpack(source: int, directory: str) -> None:
    """Write the packed files of the open file `source` into `directory`, over what is there."""
    with os.fdopen(os.dup(source), "rb") as packed:
        packed.seek(0)
        for name, mode, size in json.loads(packed.readline()):
            target = os.open(f"{directory}/{name}", os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
            try:
                _copy(packed, target, size)
                os.fchmod(target, mode)
            finally:
                os.close(target)


def pack_directory(directory: str, target: int) -> None:
    """Pack the regular files that lie in `directory` itself into the open file `target`, in the place of what it holds."""
    found = []
    with os.scandir(directory) as entries:
        for entry in entries:
            status = entry.stat(follow_symlinks=False)
            if stat.S_ISREG(status.st_mode):
                found.append((entry.name, 0o755 if status.st_mode & 0o100 else 0o644, status.st_size))
    os.ftruncate(target, 0)  # by an attempt that was interrupted
    os.lseek(target, 0, os.SEEK_SET)
    with os.fdopen(os.dup(target), "wb") as packed:
        packed.write(json.dumps(found).encode() + b"\n")
        for name, _, size in found:
            with os.fdopen(os.open(f"{directory}/{name}", os.O_RDONLY | os.O_NOFOLLOW), "rb") as source:
                packed.write(source.read(size).ljust(size, b"\0"))


def _copy(packed: BinaryIO, target: int, size: int) -> None:
    while size:
        chunk = packed.read(min(size, _CHUNK))
        if not chunk:
            raise ValueError("a packed file ends early")
        os.write(target, chunk)
        size -= len(chunk)
