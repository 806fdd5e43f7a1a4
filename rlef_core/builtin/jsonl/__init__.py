"""Taskset `jsonl`: a file with one task a line, read where it lies.

A line is an object of `id`, `statement`, `language`, `public_cases`, `private_cases`, and if wanted `limits`, `checker`, `reference`,
`wrong`, `starter_code`, `split`; its cases are those of `rlef_core.case_from_json`:

    {"input": "1 2\\n", "output": "3\\n"}
    {"kind": "call", "function": "add", "arguments": [1, 2], "value": 3, "setup": ""}
    {"kind": "file", "input": "1 2", "output": "3", "input_file": "in.txt", "output_file": "out.txt"}
    {"kind": "script", "code": "assert add(1, 2) == 3"}

A line without `split` belongs to every split. One that is no task is rejected with its number and the reason, and stays in the count.
"""

from pathlib import Path

from attrs import frozen

from rlef_core import Component, Context, RlefError, Taskset, component, setting


@frozen
class JsonlConfig:
    """Settings of `jsonl`."""

    path: Path = setting(help="the file of tasks, one JSON object a line")


def build(config: JsonlConfig, context: Context) -> Taskset:
    """The taskset. Raises RlefError when the file is not there."""
    from rlef_core.builtin.jsonl.taskset import JsonlTasks  # noqa: PLC0415  # nothing else of the component is needed to list it

    if not config.path.is_file():
        raise RlefError(f"path {str(config.path)!r} is no file, expected one with a task on each line")
    return JsonlTasks(config.path, frozenset(context.languages))


COMPONENT: Component[Taskset] = component(name="jsonl", summary="a file with one task a line", config=JsonlConfig, build=build)
