"""What the workloads cost by themselves, and the floor under everything: what no executor can go below."""

import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from attrs import frozen

from rlef_core.bench.workloads import Workload
from rlef_core.errors import RlefError

ROUNDS = 20
FORKS = 200


@frozen
class Reference:
    """A workload's right outputs, one a case, and its own CPU time, the mean of a case in milliseconds.

    `own_cpu_ms` is that of the process that runs it, a fork of an interpreter that is warm; `program_cpu_ms` of the program's instructions
    alone, without the start and the end of the process.
    """

    outputs: tuple[bytes, ...]
    own_cpu_ms: float
    program_cpu_ms: float


@frozen
class Floor:
    """What starting and awaiting the program `true` takes, in milliseconds: medians of CPU and wall time."""

    cpu_ms: float
    wall_ms: float


def reference(workload: Workload, rounds: int = ROUNDS) -> Reference:
    """Run a workload in forks of a warm interpreter. A time is the least of the rounds' means, the one least disturbed."""
    asked = {"source": workload.source, "inputs": [text.decode() for text in workload.inputs], "rounds": rounds}
    script = str(Path(__file__).with_name("warm.py"))
    done = subprocess.run([sys.executable, "-I", "-S", script], input=json.dumps(asked).encode(), stdout=subprocess.PIPE, check=True)
    told = json.loads(done.stdout)
    own, program = (_least_mean(told[f"{kind}_seconds"], len(workload.inputs)) for kind in ("process", "program"))
    return Reference(tuple(output.encode() for output in told["outputs"]), own, program)


def floor(forks: int = FORKS) -> Floor:
    """Start `true` one after the other. Raises RlefError when there is none."""
    if (path := shutil.which("true")) is None:
        raise RlefError("found no program 'true' on PATH, expected one to measure the floor with; install Debian's coreutils")
    runs = [_once(path) for _ in range(forks)]
    return Floor(1e3 * statistics.median(cpu for cpu, _ in runs), 1e3 * statistics.median(wall for _, wall in runs))


def _least_mean(seconds: Sequence[float], cases: int) -> float:
    return 1e3 * min(statistics.fmean(seconds[start : start + cases]) for start in range(0, len(seconds), cases))


def _once(path: str) -> tuple[float, float]:
    cpu, started = _cpu(), time.perf_counter()
    os.waitpid(os.posix_spawn(path, [path], {}), 0)
    return _cpu() - cpu, time.perf_counter() - started


def _cpu() -> float:
    return sum(usage.ru_utime + usage.ru_stime for usage in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)))
