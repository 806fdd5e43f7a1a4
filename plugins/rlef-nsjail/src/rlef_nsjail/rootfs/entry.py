"""Give a jail its root: the cached tree of these tools, or a new one."""

import hashlib
import json
import os
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from operator import or_
from pathlib import Path
from types import MappingProxyType

from attrs import frozen

from rlef_core.errors import PluginError
from rlef_nsjail.rootfs import interpreter as cpython
from rlef_nsjail.rootfs.cache import building, prepare, publish, sweep
from rlef_nsjail.rootfs.commands import command
from rlef_nsjail.rootfs.tools import Tool, executable, tool
from rlef_nsjail.rootfs.tree import assemble

FORMAT = 3  # changes with whatever a tree of the same tools would be built differently
CANNOT_CHROOT = 125  # what `chroot` itself returns where it has not the right
RECORD = "made_of.json"


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
    paths = {name: executable(name, path) for name, path in sorted(tools.items())}
    extra = {name: [str(path) for path in folders.get(name, ())] for name in paths}
    prepare(cache)
    key = digest_of([FORMAT, str(binary), {name: str(path) for name, path in paths.items()}, extra])
    return known(cache, key) or build(cache, key, binary, [tool(name, path, extra[name]) for name, path in paths.items()])


def known(cache: Path, key: str) -> RootFS | None:
    """The tree of these tools whose sources are as they were."""
    for entry in sorted(cache.glob(f"{key}-*")):
        record = json.loads((entry / RECORD).read_text())
        if record["sources"] == stamps(record["sources"]):
            return RootFS(entry / "root", cpython.PYTHON, record["places"], entry.name)
    return None


def stamps(sources: Iterable[str]) -> dict[str, list[int]]:
    """Size and time of change of each, nothing for one that is gone."""
    found = {}
    for source in sources:
        try:
            status = Path(source).stat()
            found[source] = [status.st_size, status.st_mtime_ns]
        except OSError:
            found[source] = []
    return found


def build(cache: Path, key: str, binary: Path, tools: Sequence[Tool]) -> RootFS:
    """Make a tree and add it to the cache."""
    python = cpython.inspect(binary)
    part = reduce(or_, [each.part for each in tools], cpython.part_of(python))
    places = {each.name: each.place for each in tools}
    record = {"sources": stamps(sorted(map(str, part.sources))), "places": places}
    entry = cache / f"{key}-{digest_of(record)}"
    sweep(cache)
    with building(cache) as folder:
        root = folder / "root"
        root.mkdir()
        assemble(root, part)
        cpython.finish(python, root)
        try_interpreter(root)
        (folder / RECORD).write_text(json.dumps(record, indent=1))
        os.sync()  # a machine that stops now must not leave a whole name for half a tree
        publish(folder, entry)
    return RootFS(entry / "root", cpython.PYTHON, places, entry.name)


def digest_of(value: object) -> str:
    """A short name for a value of JSON."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]


def try_interpreter(root: Path) -> None:
    """Start the interpreter inside the tree; who may not leaves that to the jail's own check."""
    if os.geteuid() != 0:
        return
    program = [cpython.PYTHON, "-s", "-S", "-B", "-c", "import json, math, random"]
    chroot = [command("chroot", "coreutils"), str(root), *program]
    done = subprocess.run(chroot, env={"PYTHONHOME": "/py"}, capture_output=True, text=True, check=False)
    if done.returncode not in {0, CANNOT_CHROOT}:
        raise PluginError(f"the interpreter does not start inside its copy: {done.stderr.strip()!r}; name another one")
