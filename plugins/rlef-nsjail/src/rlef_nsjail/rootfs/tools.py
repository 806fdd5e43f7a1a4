"""Find a tool of the host and what it needs: its Debian packages, or its binary with the libraries."""

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from rlef_core.errors import PluginError
from rlef_nsjail.rootfs.libraries import libraries
from rlef_nsjail.rootfs.part import Part

PACKAGES = {"node": "nodejs"}
PRIVATE = "/usr/local"


def executable(name: str, path: Path) -> Path:
    """The absolute path of a tool, links not followed. Raises PluginError where there is none."""
    found = shutil.which(path)
    if found is None:
        raise PluginError(
            f"found no {name!r} at {str(path)!r}, expected a file on PATH or a path that can be run;"
            f" install it (Debian: apt-get install {PACKAGES.get(name, name)})"
        )
    return Path(found).absolute()


def tool_place(name: str, path: Path) -> str:
    """Where a tool stands inside a tree."""
    return f"{PRIVATE}/bin/{name}"


def tool_part(name: str, path: Path, folders: Sequence[str]) -> Part:
    """What a tool brings. Raises PluginError where a folder is missing."""
    binary = path.resolve()
    own = Part({tool_place(name, path): binary}, frozenset({binary}))
    return libraries([binary], f"{PRIVATE}/lib") | own | folder_part(name, folders)


def folder_part(name: str, folders: Sequence[str]) -> Part:
    missing = [path for path in folders if not Path(path).is_absolute() or not Path(path).exists()]
    if missing:
        raise PluginError(f"found no {missing[0]!r} for {name!r}, expected the absolute path of a file or folder")
    return Part({str(path): path for top in folders for path in walk(Path(top))}, frozenset(map(Path, folders)))


def walk(path: Path) -> Iterator[Path]:
    if path.is_dir() and not path.is_symlink():
        for child in sorted(path.iterdir()):
            yield from walk(child)
    elif path.is_symlink() or path.is_file():
        yield path
