"""Turn files of other data sets into files of tasks, by the converters that distributions offer as entry points."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import IO, Any, TypeAlias

from attrs import evolve

from rlef_core.errors import Origin, PluginError, UsageError, boundary
from rlef_core.misses import did_you_mean
from rlef_core.records import DataError, Rejected, Task, task_to_json
from rlef_core.records.lines import filled, json_of

GROUP = "rlef.converters"
"""The entry-point group: an entry's name is the data set's, its object a Converter."""

Converter: TypeAlias = Callable[[Any], Task | Rejected]
"""Makes a task of one row, or says why it is none."""


def convert_file(name: str, source: Path, target: Path) -> tuple[int, list[Rejected]]:
    """Write a task for each row of JSON of `source`; returns how many, and the rows that are no tasks, which are left out.

    A rejected row's reason starts with its file and line. `target` is written only when all is converted, and left as it was when
    no row became a task. Raises PluginError for a converter that is not there or cannot be loaded, ComponentError for one that
    fails, UsageError for a row that is no JSON or a file that cannot be read or written.
    """
    convert, origin = _converter(name)
    written, rejected = 0, []
    with _replaced(target) as file:
        for number, row in _rows(source):
            with boundary(origin, "convert"):
                task = convert(row)
            if isinstance(task, Rejected):
                rejected.append(evolve(task, reason=f"{source}:{number}: {task.reason}"))
            else:
                file.write(json.dumps(task_to_json(task)) + "\n")
                written += 1
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


@contextmanager
def _replaced(target: Path) -> Iterator[IO[str]]:
    """A file that takes the place of `target` when the block ends well and has written to it."""
    unfinished = target.with_name(f"{target.name}.part")
    try:
        with unfinished.open("w", encoding="utf-8") as file:
            yield file
        if unfinished.stat().st_size:
            unfinished.replace(target)
    except OSError as error:
        raise UsageError(f"cannot write {str(target)!r}: {error.strerror}; the folder must exist and be open to writing") from error
    finally:
        with suppress(OSError):
            unfinished.unlink()


def _rows(source: Path) -> Iterator[tuple[int, Any]]:
    with source.open("rb") as lines:
        for number, line in filled(lines):
            try:
                yield number, json_of(line)
            except DataError as error:
                raise UsageError(f"{source}:{number}: {error}") from error
