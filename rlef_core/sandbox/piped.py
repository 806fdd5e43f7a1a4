"""Run one command with its streams through pipes and a limit of wall time: what executors are measured beside, not a sandbox."""

import subprocess
import time
from collections.abc import Mapping, Sequence
from subprocess import PIPE

from rlef_core.errors import ExecutorFault
from rlef_core.records import CaseInput, CaseKind, Completed, LimitHit


def piped(
    index: int, case: CaseInput, argv: Sequence[str], seconds: float, environment: Mapping[str, str], files: Sequence[int] = ()
) -> Completed:
    """What became of a command that runs a case of standard streams; CPU time and memory are not measured.

    `files` are descriptors that it inherits. Raises ExecutorFault for a case that is more than its streams.
    """
    if case.kind is not CaseKind.PROGRAM or case.files or case.output_file:
        raise ExecutorFault(f"case {index} is more than a program on its streams, expected a baseline to be asked for no more")
    started, limit = time.perf_counter(), None
    with subprocess.Popen(argv, stdin=PIPE, stdout=PIPE, stderr=PIPE, env=dict(environment), pass_fds=files) as process:
        try:
            stdout, stderr = process.communicate(case.stdin, seconds)
        except subprocess.TimeoutExpired:
            limit = LimitHit.TIME
            process.kill()
            stdout, stderr = process.communicate()
    code, signal = (process.returncode, None) if process.returncode >= 0 else (None, -process.returncode)
    return Completed(index, code, signal, stdout, stderr, 0.0, time.perf_counter() - started, 0, limit)
