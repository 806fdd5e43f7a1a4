"""Tasks: what the policy may see of a problem, and what judges it."""

from collections.abc import Mapping
from typing import Any, TypeAlias

from attrs import Factory, frozen

from rlef_core.settings import ByteSize


@frozen
class StdioCase:
    """The program reads `input` on standard input and must write `output` on standard output."""

    input: str
    output: str


@frozen
class CallCase:
    """The program's `function`, called with `arguments`, must return `value`. `setup` is code that runs after the program,
    before the call."""

    function: str
    arguments: tuple[Any, ...]
    value: Any
    setup: str = ""


@frozen
class FileCase:
    """The program reads the file `input_file` (standard input if empty) and writes the file `output_file` (standard output if empty)."""

    input: str
    output: str
    input_file: str = ""
    output_file: str = ""


@frozen
class ScriptCase:
    """Assertions that cannot be split into calls. They run in the program's own process, so their outcome is `self_reported`."""

    code: str


Case: TypeAlias = StdioCase | CallCase | FileCase | ScriptCase


@frozen
class Limits:
    """What one run of a program may use. `cpu_seconds` decides `time_limit`; `wall_seconds` only catches sleepers;
    `output_bytes` bounds each of stdout and stderr."""

    cpu_seconds: float = 10.0
    wall_seconds: float = 60.0
    memory_bytes: ByteSize = ByteSize(1_000_000_000)
    output_bytes: ByteSize = ByteSize(1_000_000)
    processes: int = 16


@frozen
class CheckerRef:
    """A checker by name, with its options."""

    name: str = "tokens"
    options: Mapping[str, Any] = Factory(dict)


@frozen
class Problem:
    """All that a policy or a formatter may see of a task."""

    id: str
    statement: str
    language: str
    public_cases: tuple[Case, ...]
    starter_code: str = ""


@frozen
class Task:
    """A problem with what judges it: private cases, limits, checker; a reference program and wrong ones where the data has them."""

    problem: Problem
    private_cases: tuple[Case, ...]
    limits: Limits = Limits()
    checker: CheckerRef = CheckerRef()
    reference: str | None = None
    wrong: tuple[str, ...] = ()


@frozen
class Rejected:
    """A row that is no usable task, and why. Counted, never silent."""

    row: str
    reason: str
