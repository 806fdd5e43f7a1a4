"""Turn files of other data sets into files of tasks, by the converters that distributions offer as entry points."""

import json
from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any, TypeAlias

from rlef_core.errors import Origin, PluginError, UsageError, boundary
from rlef_core.misses import did_you_mean
from rlef_core.records import Rejected, Task, task_to_json

GROUP = "rlef.converters"
"""The entry-point group: an entry's name is the data set's, its object a Converter."""

Converter: TypeAlias = Callable[[Any], Task | Rejected]
"""Makes a task of one row, or says why it is none."""


def convert_file(name: str, source: Path, target: Path) -> tuple[int, list[Rejected]]:
    """Write a task for each row of JSON of `source`; returns how many, and the rows that are no tasks, which are left out.

    `target` is there only when all is written. Raises PluginError for a converter that is not there or cannot be loaded,
    ComponentError for one that fails, UsageError for a row that is no JSON.
    """
    convert, origin = _converter(name)
    written, rejected = 0, []
    unfinished = target.with_name(f"{target.name}.part")
    with unfinished.open("w", encoding="utf-8") as file:
        for row in _rows(source):
            with boundary(origin, "convert"):
                task = convert(row)
            if isinstance(task, Rejected):
                rejected.append(task)
            else:
                file.write(json.dumps(task_to_json(task)) + "\n")
                written += 1
    unfinished.replace(target)
    return written, rejected


def _converter(name: str) -> tuple[Converter, Origin]:
    offered = entry_points(group=GROUP)
    found = [each for each in offered if each.name == name]
    if not found:
        raise PluginError(f"no converter {name!r}, installed are {', '.join(sorted(offered.names))}{did_you_mean(name, offered.names)}")
    if len(found) > 1:
        raise PluginError(f"converter {name!r} is offered by {' and '.join(map(str, map(_origin, found)))}: uninstall all but one")
    origin = _origin(found[0])
    try:
        return found[0].load(), origin
    except Exception as error:
        raise PluginError(f"{origin} cannot be loaded: {type(error).__name__}: {error}") from error


def _origin(entry: EntryPoint) -> Origin:
    distribution, version = (entry.dist.name, entry.dist.version) if entry.dist else ("unknown", "unknown")
    return Origin("converter", entry.name, entry.module, distribution, version)


def _rows(source: Path) -> Iterator[Any]:
    with source.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                try:
                    yield json.loads(line)
                except ValueError as error:
                    raise UsageError(f"{source}:{number}: {error}") from error
