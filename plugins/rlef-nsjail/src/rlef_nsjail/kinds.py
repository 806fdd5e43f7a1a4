"""Find which design of jail a language's programs run in."""

import asyncio
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from attrs import frozen

from rlef_core import Language, PluginError
from rlef_core.sandbox import requests, tools
from rlef_nsjail.design import Design
from rlef_nsjail.rootfs import root_file_system


@frozen
class Kind:
    """A language's jails: their design, and where its tools are inside."""

    design: Design
    places: Mapping[str, str]


class Kinds:
    """Kinds of jail by language; the first use of one builds its root file system."""

    def __init__(
        self, *, cache: Path, folders: Mapping[str, Sequence[str]], environment: Mapping[str, str], multiprocess: bool, scratch_bytes: int
    ) -> None:
        self._cache = cache
        self._folders = folders
        self._environment = environment
        self._multiprocess = multiprocess
        self._scratch_bytes = scratch_bytes
        self._known: dict[int, tuple[Language, Kind]] = {}
        """By identity, which is quick to look up; the language is kept so that its number stays its own."""
        self._building = asyncio.Lock()

    async def of(self, language: Language) -> Kind:
        """The language's kind. Raises PluginError when a tool is missing."""
        known = self._known.get(id(language))
        if known is None:
            async with self._building:
                known = self._known.get(id(language)) or (language, await self._equal(language))
                self._known[id(language)] = known
        return known[1]

    async def _equal(self, language: Language) -> Kind:
        """The kind of an equal language, or a new one."""
        for other, kind in self._known.values():
            if other == language:
                return kind
        return await asyncio.to_thread(self._kind, language)

    def _kind(self, language: Language) -> Kind:
        forks = language.runtime == "cpython"
        found = {tool.name: _path(language, tool.name) for tool in language.tools}
        own = Path(getattr(sys, "_base_executable", None) or sys.executable)
        interpreter = next(iter(found.values())) if forks else own
        others = {name: path for name, path in found.items() if path.resolve() != interpreter.resolve()}
        root = root_file_system(interpreter, others, self._cache, self._folders)
        design = Design(
            root=root,
            forks=forks,
            multiprocess=self._multiprocess,
            scratch_bytes=self._scratch_bytes,
            environment=requests.surroundings(language, self._environment),
            drivers=language.drivers if forks else {},
            driver_name=language.driver_name,
        )
        return Kind(design, {**dict.fromkeys(found, root.python), **root.places})


def _path(language: Language, name: str) -> Path:
    tool = next(tool for tool in language.tools if tool.name == name)
    tried = tools.paths(tool)
    for path in tried:
        if Path(path).is_file():
            return Path(path)
    raise PluginError(tools.missing(language, tool, tried))
