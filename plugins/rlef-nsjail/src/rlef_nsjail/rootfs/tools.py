"""Find a tool of the host and what it needs: its Debian packages, or its binary with the libraries."""

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from attrs import frozen

from rlef_core.errors import PluginError
from rlef_nsjail.rootfs.libraries import libraries
from rlef_nsjail.rootfs.packages import package_part, place
from rlef_nsjail.rootfs.part import Part

PACKAGES = {"node": "nodejs"}
PRIVATE = "/usr/local"


@frozen
class Tool:
    """A tool inside a tree: its name, where it stands, what it brings."""

    name: str
    place: str
    part: Part


def executable(name: str, path: Path) -> Path:
    """The absolute path of a tool, links not followed. Raises PluginError where there is none."""
    found = shutil.which(path)
    if found is None:
        raise PluginError(
            f"found no {name!r} at {str(path)!r}, expected a name on PATH or a path that can be run;"
            f" install it (Debian: apt-get install {PACKAGES.get(name, name)})"
        )
    return Path(found).absolute()


def tool(name: str, path: Path, folders: Sequence[str]) -> Tool:
    """What the tool at an absolute path brings: from its package at the same paths, any other below /usr/local.

    Raises PluginError where one of `folders` is missing.
    """
    binary = path.resolve()
    needed = libraries([binary], f"{PRIVATE}/lib")
    extra = folder_part(name, folders)
    packaged = package_part([binary])
    if packaged is None:
        inside = f"{PRIVATE}/bin/{name}"
        return Tool(name, inside, needed | Part({inside: binary}, frozenset({binary})) | extra)
    links = links_of(path) if place(path).startswith("/usr/") else [binary]
    named = Part({place(link): link for link in links}, frozenset({binary}))
    return Tool(name, place(links[0]), needed | packaged | named | extra)


def links_of(path: Path) -> list[Path]:
    """The symbolic links from a name to its file, and the file."""
    links = [path]
    while links[-1].is_symlink():
        links.append(links[-1].parent / links[-1].readlink())
    return links


def folder_part(name: str, folders: Sequence[str]) -> Part:
    """Files and folders that are wanted besides."""
    missing = [path for path in folders if not Path(path).is_absolute() or not Path(path).exists()]
    if missing:
        raise PluginError(f"found no {missing[0]!r} for {name!r}, expected the absolute path of a file or folder")
    return Part({str(path): path for top in folders for path in walk(Path(top))}, frozenset(map(Path, folders)))


def walk(path: Path) -> Iterator[Path]:
    """The files and links below a path."""
    if path.is_dir() and not path.is_symlink():
        for child in sorted(path.iterdir()):
            yield from walk(child)
    elif path.is_symlink() or path.is_file():
        yield path
