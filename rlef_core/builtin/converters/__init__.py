"""Turn files of other data sets into files of tasks, one a line; `tasks convert` reaches them by their names here."""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from rlef_core import Rejected, Task, task_to_json
from rlef_core.builtin.converters import mbpp

CONVERTERS: Mapping[str, Callable[[Any], Task | Rejected]] = {"mbpp": mbpp.convert}
"""By the name of the data set: what makes a task of one row, or says why it is none."""


def convert_file(name: str, source: Path, target: Path) -> tuple[int, list[Rejected]]:
    """Write a task for each row of JSON of `source`; returns how many, and the rows that are no tasks, which are left out.

    `target` is there only when all is written. Raises ValueError for a row that is no JSON.
    """
    written, rejected = 0, []
    unfinished = target.with_name(f"{target.name}.part")
    with unfinished.open("w", encoding="utf-8") as file:
        for row in _rows(source):
            task = CONVERTERS[name](row)
            if isinstance(task, Rejected):
                rejected.append(task)
            else:
                file.write(json.dumps(task_to_json(task)) + "\n")
                written += 1
    unfinished.replace(target)
    return written, rejected


def _rows(source: Path) -> Iterator[Any]:
    with source.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                try:
                    yield json.loads(line)
                except ValueError as error:
                    raise ValueError(f"{source}:{number}: {error}") from error
