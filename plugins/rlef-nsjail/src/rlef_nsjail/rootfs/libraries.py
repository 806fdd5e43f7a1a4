"""Find the shared libraries that binaries load, and where each stands inside a tree."""

import subprocess
from collections.abc import Sequence
from pathlib import Path, PurePath

from rlef_nsjail.rootfs.commands import command
from rlef_nsjail.rootfs.part import Part

SYSTEM = ("/lib/", "/lib64/", "/lib32/", "/libx32/", "/usr/lib/", "/usr/lib64/", "/usr/lib32/", "/usr/libx32/")


def libraries(binaries: Sequence[Path], private: str) -> Part:
    """All shared libraries of the trusted `binaries`, as `ldd` finds them.

    One of the system stays where it is; any other comes into the folder `private`. Raises PluginError where there is no `ldd`.
    """
    found = [Path(path) for path in sorted(listed(binaries))]
    files = {place(path, private): path.resolve() for path in found}
    return Part(files, frozenset(files.values()), frozenset(str(PurePath(inside).parent) for inside in files))


def listed(binaries: Sequence[Path]) -> set[str]:
    """What `ldd` names. A static binary fails and has none; a library that is not found is missed on the host, too."""
    ldd = [command("ldd", "libc-bin"), *map(str, binaries)]
    output = subprocess.run(ldd, capture_output=True, text=True, check=False).stdout
    words = (word for line in output.splitlines() if line.startswith("\t") for word in line.split())
    return {word for word in words if word.startswith("/")}


def place(path: Path, private: str) -> str:
    """Where a library stands inside."""
    if str(path).startswith(SYSTEM):
        return str(path.parent.resolve() / path.name)
    return f"{private}/{path.name}"
