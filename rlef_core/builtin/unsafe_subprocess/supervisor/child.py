"""The steps between fork and exec: a program's limits, identity and surroundings."""
# ruff: noqa: PTH116 -- a forked child does as little as it can

import os
import resource
import signal
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from . import kernel
from .identity import Identity

NICE = 10
OPEN_FILES = 64
MOST_DESCRIPTORS = 1 << 20
STACK_BYTES = 64 << 20
SPARE_PROCESSES = 1024


def start(request: Mapping[str, Any], streams: Sequence[int], directory: str, identity: Identity) -> int:
    """Fork and exec a request's program; returns its pid once it runs. Raises OSError naming the step that failed."""
    reading, writing = os.pipe()
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        _become(request, streams, directory, identity, parent, writing)
    os.close(writing)
    with os.fdopen(reading, "rb") as told:
        problem = told.read()
    if problem:
        os.waitpid(pid, 0)
        raise OSError(problem.decode("utf-8", "replace"))
    return pid


def _become(request: Mapping[str, Any], streams: Sequence[int], directory: str, identity: Identity, parent: int, writing: int) -> NoReturn:
    step = "a session of its own"
    try:
        os.setsid()
        step = "its streams and folder"
        for wanted, stream in enumerate(streams):
            os.dup2(stream, wanted, inheritable=True)
        os.closerange(len(streams), writing)
        os.closerange(writing + 1, MOST_DESCRIPTORS)
        os.chdir(directory)
        os.umask(0o022)
        step = "its limits"
        _prefer_for_killing()
        os.nice(NICE)
        _limit(request["limits"], identity)
        step = f"the change to uid {identity.uid}"
        identity.assume()
        step = f"the way of uid {os.geteuid()} to its folder (set the executor's `directory` to one that every user can reach):"
        os.stat(directory)
        kernel.end_with_parent(signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)
        for number in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        step = f"exec of {request['argv'][0]!r}"
        os.execve(request["argv"][0], request["argv"], request["environment"])
    except BaseException as error:  # nothing may get back into the supervisor's code from here
        os.write(writing, f"{step} failed: {error}".encode())
    finally:
        os._exit(127)


def _prefer_for_killing() -> None:
    # Out of memory, the kernel shall take the program, not the trainer.
    adjustment = os.open("/proc/self/oom_score_adj", os.O_WRONLY)
    os.write(adjustment, b"1000")
    os.close(adjustment)


def _limit(limits: Mapping[str, Any], identity: Identity) -> None:
    cpu = int(limits["cpu_seconds"]) + 2
    # The limit counts all threads of a user. Where those are not the program's alone it only bounds the damage of a fork bomb.
    processes = limits["processes"] if identity.uid is not None else identity.threads + SPARE_PROCESSES
    for kind, amount in (
        (resource.RLIMIT_AS, limits["address_space_bytes"]),
        (resource.RLIMIT_CPU, cpu),
        (resource.RLIMIT_FSIZE, limits["file_bytes"]),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
        (resource.RLIMIT_NPROC, processes),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, _at_most(amount, resource.getrlimit(kind)[1]))
    hard = resource.getrlimit(resource.RLIMIT_STACK)[1]
    resource.setrlimit(resource.RLIMIT_STACK, (_at_most(STACK_BYTES, hard)[0], hard))


def _at_most(amount: int, hard: int) -> tuple[int, int]:
    amount = amount if hard == resource.RLIM_INFINITY else min(amount, hard)
    return amount, amount
