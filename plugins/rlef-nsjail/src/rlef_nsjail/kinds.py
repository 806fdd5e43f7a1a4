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
        self._known: dict[str, Kind] = {}
        self._building = asyncio.Lock()

    async def of(self, language: Language) -> Kind:
        """The language's kind. Raises PluginError when a tool is missing."""
        if language.name not in self._known:
            async with self._building:
                if language.name not in self._known:
                    self._known[language.name] = await asyncio.to_thread(self._kind, language)
        return self._known[language.name]

    def _kind(self, language: Language) -> Kind:
        forks = language.runtime == "cpython"
        found = {tool.name: _path(language, tool.name) for tool in language.tools}
        interpreter = next(iter(found.values())) if forks else Path(getattr(sys, "_base_executable", None) or sys.executable)
        root = root_file_system(interpreter, {} if forks else found, self._cache, self._folders)
        design = Design(
            root=root,
            forks=forks,
            multiprocess=self._multiprocess,
            scratch_bytes=self._scratch_bytes,
            environment=requests.surroundings(language, self._environment),
            drivers=language.drivers if forks else {},
            driver_name=language.driver_name,
        )
        places = dict.fromkeys(found, root.python) if forks else root.places
        return Kind(design, places)


def _path(language: Language, name: str) -> Path:
    tool = next(tool for tool in language.tools if tool.name == name)
    tried = tools.paths(tool)
    for path in tried:
        if Path(path).is_file():
            return Path(path)
    raise PluginError(tools.missing(language, tool, tried))
