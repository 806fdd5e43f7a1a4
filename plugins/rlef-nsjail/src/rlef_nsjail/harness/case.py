"""The steps of a forked child on its way to a program: surroundings, limits, the second filter."""

import _signal  # type: ignore[import-not-found]  # typeshed leaves it out; `signal` makes enums of all it is given, in every case
import os
import resource
from collections.abc import Mapping, Sequence
from types import CodeType
from typing import Any, NoReturn

from rlef_core.sandbox.inside import packing
from rlef_nsjail.harness import python
from rlef_nsjail.harness.seccomp import Filters

STREAMS = 3
OPEN_FILES = 64
MOST_DESCRIPTORS = 256
STDIN_FILE = ".stdin"
EXEC = "exec"
NOT_EXECUTED = 126
_DEFAULT = {
    "exec": (_signal.SIGCHLD, _signal.SIGPIPE, _signal.SIGXFSZ),
    "fork": (_signal.SIGCHLD,),  # an interpreter ignores the others
    "compile": (_signal.SIGCHLD,),
}


def become(request: Mapping[str, Any], files: Sequence[int], drivers: Mapping[str, CodeType], filters: Filters, writing: int) -> NoReturn:
    """Run a request's program in this process; a step that fails on the way is told on the pipe `writing`.

    `files` are standard input, output, error; then one for each of `request["names"]`; then, as `request` says, what a build made, the
    compiled program, and the file to keep the working folder in. `request["do"]` is `fork` (by this interpreter), `exec`, or `compile`.
    """
    end = os._exit
    step = "its session and streams"
    try:
        _stand_alone(request, files)
        step = "its files"
        if request["stdin_file"]:
            _copy_input()
        compiled = _put_files(request, files[STREAMS:])
        step = "its limits"
        _limit(request["limits"], several=not request["filter"])
        step = "its filter"
        if request["filter"]:
            filters.install(request["filter"])
        if request["do"] == "exec":
            step = EXEC
            os.execve(request["argv"][0], request["argv"], request["environment"])
        # Nothing is left open, by which the program could reach the harness or another case.
        os.closerange(STREAMS, MOST_DESCRIPTORS)
    except BaseException as error:  # nothing may get back into the harness's code from here
        if not (request["built"] and step == EXEC):  # what a program made of itself is no fault of the jail
            os.write(writing, f"{step} failed: {error}".encode())
        end(NOT_EXECUTED)
    try:
        if request["do"] == "compile":
            python.compile_program(request["source"])
        else:
            python.run(drivers.get(request["driver"]), request["source"], request["program"], compiled)
    finally:
        end(NOT_EXECUTED)


def _stand_alone(request: Mapping[str, Any], files: Sequence[int]) -> None:
    """Leave the harness's session, signals and streams."""
    if request["filter"] != "fork":
        os.setsid()  # a group to be signalled by its own; a process alone needs none
    _signal.set_wakeup_fd(-1)
    for number in _DEFAULT[request["do"]]:
        _signal.signal(number, _signal.SIG_DFL)
    for wanted, stream in enumerate(files[:STREAMS]):
        os.dup2(stream, wanted, inheritable=True)


def _put_files(request: Mapping[str, Any], files: Sequence[int]) -> bytes | None:
    """Write the program's files into its folder; returns the compiled program if there is one."""
    left = iter(files)
    for name in request["names"]:
        _copy(next(left), name)
    if request["built"]:
        packing.unpack(next(left), ".")
    if request["compiled"]:
        source = next(left)
        return os.pread(source, os.fstat(source).st_size, 0)
    return None


def _copy_input() -> None:
    """Put the input where a program finds it by name; not where it is larger than the memory disk."""
    try:
        _copy(0, STDIN_FILE)
    except OSError:
        os.unlink(STDIN_FILE)  # noqa: PTH108  # no path object is needed


def _copy(source: int, name: str) -> None:
    target = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    try:
        left = os.fstat(source).st_size
        offset = 0
        while offset < left:
            offset += os.write(target, os.pread(source, min(left - offset, 1 << 20), offset))
    finally:
        os.close(target)


def _limit(limits: Mapping[str, Any], *, several: bool) -> None:
    if several:
        # For processes that nobody watches. Of the one that is watched it would make the clock as coarse as the scheduler's tick.
        cpu = int(limits["cpu_seconds"]) + 2
        resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu))
    for kind, amount in (
        (resource.RLIMIT_AS, limits["address_space_bytes"]),
        (resource.RLIMIT_FSIZE, limits["file_bytes"]),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
        (resource.RLIMIT_NPROC, limits["processes"] + 1),  # the harness counts
    ):
        resource.setrlimit(kind, (amount, amount))
