"""Find the shared libraries that binaries load, and where each stands inside a tree."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

from rlef_core.errors import PluginError
from rlef_nsjail.rootfs.part import Part

SYSTEM = ("/lib/", "/lib64/", "/lib32/", "/libx32/", "/usr/lib/", "/usr/lib64/", "/usr/lib32/", "/usr/libx32/")


def libraries(binaries: Sequence[Path], private: str) -> Part:
    """All shared libraries of the trusted `binaries`, as `ldd` finds them.

    One of the system stays where it is; any other comes into the folder `private`. Raises PluginError where `ldd` cannot be run.
    """
    found = [Path(path) for path in sorted(listed(binaries))]
    return Part({place(path, private): path.resolve() for path in found}, frozenset(path.resolve() for path in found))


def listed(binaries: Sequence[Path]) -> set[str]:
    """A static binary has none and fails; a library that is not found is missed on the host, too."""
    try:
        output = subprocess.run(["ldd", *map(str, binaries)], capture_output=True, text=True, check=False).stdout
    except FileNotFoundError as error:
        raise PluginError("found no 'ldd' on PATH, expected the one of the C library; install it (Debian: apt-get install libc-bin)") from error
    words = (word for line in output.splitlines() if line.startswith("\t") for word in line.split())
    return {word for word in words if word.startswith("/")}


def place(path: Path, private: str) -> str:
    if str(path).startswith(SYSTEM):
        return str(path.parent.resolve() / path.name)
    return f"{private}/{path.name}"
