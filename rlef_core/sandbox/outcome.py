"""Read what became of a program from what its sandbox saw and from its outputs: by one rule in every executor."""

import os
import signal
from collections.abc import Mapping
from typing import Any

from rlef_core.records import Completed, LimitHit

OUT_OF_MEMORY = (
    b"std::bad_alloc",
    b"java.lang.OutOfMemoryError",
    b"JavaScript heap out of memory",
    b"Array buffer allocation failed",
    b"runtime: out of memory",
)
NEAR_THE_BOUND = 0.9


def completed(
    case: int | None, answer: Mapping[str, Any], limits: Mapping[str, Any], streams: tuple[int, int], directory: str
) -> Completed:
    """What became of one run, with the working folder's path taken out of standard error.

    `answer` holds what the sandbox saw: `status` (as of wait), `cpu_seconds`, `wall_seconds`, `peak_memory_bytes` and `limit`: the word of
    the limit at which it ended the program, or None. `streams` are the open files of standard output and standard error, which the program
    may have filled up to one byte beyond the limit.
    """
    code = os.waitstatus_to_exitcode(answer["status"])
    stdout, stderr = (os.pread(stream, limits["output_bytes"], 0) for stream in streams)
    written = os.fstat(streams[0]).st_size
    return Completed(
        case=case,
        exit_code=code if code >= 0 else None,
        signal=-code if code < 0 else None,
        stdout=stdout,
        stderr=stderr.replace(f"{directory}/".encode(), b""),
        cpu_seconds=answer["cpu_seconds"],
        wall_seconds=answer["wall_seconds"],
        peak_memory_bytes=answer["peak_memory_bytes"],
        limit=_limit(answer, limits, written, code, stderr),
    )


def _limit(answer: Mapping[str, Any], limits: Mapping[str, Any], written: int, code: int, stderr: bytes) -> LimitHit | None:
    """The limit hit, the gravest of several. The figures decide, not which of them a sandbox noticed while the program ran."""
    if _out_of_memory(answer, limits, code, stderr):
        return LimitHit.MEMORY
    if answer["cpu_seconds"] >= limits["cpu_seconds"]:
        return LimitHit.TIME
    if written > limits["output_bytes"]:
        return LimitHit.OUTPUT
    return LimitHit(answer["limit"]) if answer["limit"] else None


def _out_of_memory(answer: Mapping[str, Any], limits: Mapping[str, Any], code: int, stderr: bytes) -> bool:
    if answer["limit"] == "memory" or answer["peak_memory_bytes"] > limits["memory_bytes"]:
        return True
    if code == -signal.SIGKILL and not answer["limit"]:  # by the kernel, when memory ran out
        return bool(answer["peak_memory_bytes"] > NEAR_THE_BOUND * limits["memory_bytes"])
    last = stderr.rstrip().rpartition(b"\n")[2]
    return (code == 1 and last.startswith(b"MemoryError")) or (code != 0 and any(mark in stderr for mark in OUT_OF_MEMORY))
