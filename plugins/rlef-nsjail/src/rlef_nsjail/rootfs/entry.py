"""Give a jail its root: the cached tree of these tools, or a new one."""

import hashlib
import json
import os
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from attrs import frozen

from rlef_core.errors import PluginError
from rlef_nsjail.rootfs import interpreter as cpython
from rlef_nsjail.rootfs.cache import building, prepare, publish, sweep
from rlef_nsjail.rootfs.part import Part
from rlef_nsjail.rootfs.tools import executable, tool_part, tool_place
from rlef_nsjail.rootfs.tree import assemble

FORMAT = 1  # changes with whatever a tree of the same tools would be built differently


@frozen
class RootFS:
    """A tree to mount as a jail's root: its folder, the interpreter and each tool as paths inside, and what tells it from others."""

    path: Path
    python: str
    places: Mapping[str, str]
    digest: str


def root_file_system(
    interpreter: Path, tools: Mapping[str, Path], cache: Path, folders: Mapping[str, Sequence[str]] = MappingProxyType({})
) -> RootFS:
    """The tree with a CPython at /py (to be run with PYTHONHOME=/py) and each of `tools` (a name, and its path or a name on PATH).

    A tool of a Debian package comes with the packages it depends on; any other with its libraries and what `folders` names for it, which
    are absolute paths of the host and the same inside. Built where `cache` has none that is unchanged, in seconds; found in milliseconds.

    Raises PluginError: a tool is missing or cannot be copied, the cache folder is not safe or cannot be reached by a jail's user.
    """
    binary = cpython.binary_of(interpreter)
    paths = {name: executable(name, path) for name, path in tools.items()}
    extra = {name: [str(path) for path in folders.get(name, ())] for name in tools}
    prepare(cache)
    key = digest_of([str(FORMAT), str(binary), json.dumps({name: str(path) for name, path in sorted(paths.items())}), json.dumps(extra, sort_keys=True)])
    places = {name: tool_place(name, path) for name, path in paths.items()}
    entry = known(cache, key) or build(cache, key, binary, paths, extra)
    return RootFS(entry / "root", cpython.PYTHON, places, entry.name)


def known(cache: Path, key: str) -> Path | None:
    """The tree of these tools whose sources are as they were."""
    for entry in sorted(cache.glob(f"{key}-*")):
        recorded = json.loads((entry / "sources.json").read_text())
        if recorded == stamps(recorded):
            return entry
    return None


def stamps(sources: Iterable[str]) -> dict[str, list[int]]:
    """Size and time of change of each, nothing for one that is gone."""
    found = {}
    for source in sources:
        try:
            status = os.stat(source)
            found[source] = [status.st_size, status.st_mtime_ns]
        except OSError:
            found[source] = []
    return found


def build(cache: Path, key: str, binary: Path, paths: Mapping[str, Path], folders: Mapping[str, Sequence[str]]) -> Path:
    python = cpython.inspect(binary)
    part = cpython.part_of(python)
    for name, path in paths.items():
        part |= tool_part(name, path, folders[name])
    recorded = stamps(sorted(map(str, part.sources)))
    entry = cache / f"{key}-{digest_of([json.dumps(recorded)])}"
    sweep(cache)
    with building(cache) as folder:
        root = folder / "root"
        root.mkdir()
        assemble(root, part)
        cpython.finish(python, root)
        try_interpreter(root)
        (folder / "sources.json").write_text(json.dumps(recorded, indent=1))
        publish(folder, entry)
    return entry


def digest_of(texts: Sequence[str]) -> str:
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:16]


def try_interpreter(root: Path) -> None:
    """Start the interpreter inside the tree; who may not leaves that to the jail's own check."""
    if os.geteuid() != 0:
        return
    command = [cpython.PYTHON, "-s", "-S", "-B", "-c", "import json, math, random"]
    done = subprocess.run(["/usr/sbin/chroot", str(root), *command], env={"PYTHONHOME": "/py"}, capture_output=True, text=True, check=False)
    if done.returncode:
        raise PluginError(f"the interpreter does not start inside its copy: {done.stderr.strip()!r}; name another one")
