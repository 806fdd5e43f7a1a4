"""Programs, the languages they are written in, and the jobs that executors run."""

from collections.abc import Mapping
from enum import Enum

from attrs import Factory, field, frozen

from rlef_core.records.task import Limits


class CaseKind(Enum):
    """How one case runs its program: on its own, or under the language's driver for calls or for scripts."""

    PROGRAM = "program"
    CALL = "call"
    SCRIPT = "script"


@frozen
class Tool:
    """An interpreter or compiler. `candidates` are names or paths, tried in order; `debian_package` is what to install when
    none is found."""

    name: str
    candidates: tuple[str, ...]
    version_arguments: tuple[str, ...] = ("--version",)
    debian_package: str = ""


@frozen
class Language:
    """How to build and run programs of one language, as data: `{source}`, `{binary}` and `{TOOL}` in an argv are replaced by paths.

    `drivers` holds, by case kind (`program`, `call`, `script`), the source of a file put beside the program and run in its place. One for
    `call` or `script` reads one encoded request from standard input (`function`, `arguments`, `setup`, or `code`, `token`), loads the
    program, and writes on standard output nothing but the encoded value (call) or the token, when every assertion held (script). One for
    `program`, which no language needs, leaves both streams to the program. Where there is a `build`, `script` is a frame instead: the
    source of a program in which `{source}` and `{code}` stand for the program's and the case's; it is built and run for that case,
    and writes what it reads on standard input (the token) on standard output when every assertion held.
    """

    name: str
    source_name: str
    run: tuple[str, ...]
    tools: tuple[Tool, ...]
    build: tuple[str, ...] = ()
    fences: tuple[str, ...] = ()
    drivers: Mapping[str, str] = Factory(dict)
    driver_name: str = ""
    environment: Mapping[str, str] = Factory(dict)
    threads: int = 1
    address_space_extra_bytes: int = 0
    time_factor: float = 1.0
    runtime: str = field(default="exec")
    """`exec`, or `cpython` where a sandbox may fork a warm interpreter instead."""


@frozen
class Program:
    """Code extracted from an action."""

    language: str
    source: str


@frozen
class CaseInput:
    """What one case gives to a program: bytes on standard input, files in its working directory. `output_file` is read back
    instead of standard output if not empty."""

    kind: CaseKind = CaseKind.PROGRAM
    stdin: bytes = b""
    files: Mapping[str, bytes] = Factory(dict)
    output_file: str = ""


@frozen
class Job:
    """What an executor is asked to run. It holds no expected output: what is not there cannot leak."""

    language: Language
    source: str
    cases: tuple[CaseInput, ...]
    limits: Limits = Limits()
