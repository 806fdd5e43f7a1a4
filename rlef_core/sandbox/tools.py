"""Find the interpreter or compiler that the programs' user can really run."""

import os
from collections.abc import Iterator

from rlef_core.records import Language, Tool

STANDARD_PATH = "/usr/local/bin:/usr/bin:/bin"


def paths(tool: Tool) -> list[str]:
    """Where a tool may lie, in the order to try: its candidates, each on PATH and then in the standard folders."""
    return list(dict.fromkeys(_places(tool)))


def absent(language: Language) -> list[Tool]:
    """The tools of a language that lie nowhere here. One that is there may still be closed to the programs' user."""
    return [tool for tool in language.tools if not any(os.access(path, os.X_OK) for path in paths(tool))]


def advice(tool: Tool) -> str:
    """What to do about a tool that is not there."""
    return f"install Debian's {tool.debian_package}" if tool.debian_package else f"install {tool.name}"


def missing(language: Language, tool: Tool, tried: list[str]) -> str:
    """The message for a tool that cannot be run."""
    return (
        f"language {language.name!r} needs {tool.name!r}, and the programs' user can run none of {tried}: {advice(tool)}, "
        "where every user can read and execute it"
    )


def _places(tool: Tool) -> Iterator[str]:
    for candidate in tool.candidates:
        if "/" in candidate:
            yield candidate
            continue
        for folder in f"{os.environ.get('PATH', '')}:{STANDARD_PATH}".split(":"):
            path = f"{folder}/{candidate}"
            if folder and os.path.exists(path):  # noqa: PTH110  # thousands of calls in tests; no path object is needed
                yield path
