"""Find the tasks of a file by the places of its lines, and read each when it is asked for."""

from collections.abc import Collection, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from attrs import frozen

from rlef_core import DataError, Rejected, Task, task_from_json
from rlef_core.records.lines import json_of


@frozen
class _Line:
    """Where a task lies: line number from 1, byte offset; `split` None belongs to every split. `reason`: why it is none."""

    number: int
    offset: int
    split: str | None = None
    reason: str = ""


class JsonlTasks:
    """See the package's docstring. Holds the ids and places of the lines, not the lines."""

    def __init__(self, path: Path, languages: Collection[str]) -> None:
        self._path = path
        self._languages = languages

    def ids(self, split: str) -> Sequence[str]:
        """In the file's order."""
        return [id for id, line in self._lines.items() if line.split in {None, split}]

    def task(self, id: str) -> Task | Rejected:
        """The task of a line. Raises KeyError for an id that no line has."""
        line = self._lines[id]
        try:
            if line.reason:
                raise DataError(line.reason)
            return self._checked(task_from_json(self._record(line)))
        except DataError as error:
            return Rejected(id, f"{self._path}:{line.number}: {error}")

    @cached_property
    def _lines(self) -> dict[str, _Line]:
        lines: dict[str, _Line] = {}
        offset = 0
        with self._path.open("rb") as file:
            for number, text in enumerate(file, start=1):
                if text.strip():
                    id, line = _located(number, offset, text)
                    if id in lines:
                        reason = f"the id {id!r} is that of line {lines[id].number} too"
                        id, line = f"line {number}", _Line(number, offset, line.split, reason)
                    lines[id] = line
                offset += len(text)
        return lines

    def _record(self, line: _Line) -> Any:
        with self._path.open("rb") as file:
            file.seek(line.offset)
            return json_of(file.readline())

    def _checked(self, task: Task) -> Task:
        if task.problem.language not in self._languages:
            known = ", ".join(sorted(self._languages))
            raise DataError(f"'language' is {task.problem.language!r}, expected one of the installed: {known}")
        return task


def _located(number: int, offset: int, text: bytes) -> tuple[str, _Line]:
    """A line's id and place; one that is no task is called by its number."""
    try:
        record = json_of(text)
        if not isinstance(record, dict) or not isinstance(record.get("id"), str):
            raise DataError("found no object with a text 'id', expected a task")
        split = record.get("split")
        if not isinstance(split, str | None):
            raise DataError(f"'split' is {split!r}, expected text")
    except DataError as error:
        return f"line {number}", _Line(number, offset, reason=str(error))
    return record["id"], _Line(number, offset, split)
