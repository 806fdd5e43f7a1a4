"""Tell the machine that figures were taken on."""

import os
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def environment() -> Mapping[str, Any]:
    """Cores that may be used, the processor's model, Python, kernel, and the load averages of 1, 5 and 15 minutes."""
    return {
        "cores": len(os.sched_getaffinity(0)),
        "cpu": _cpu_model(),
        "python_version": platform.python_version(),
        "kernel": platform.release(),
        "load_average": [round(load, 2) for load in os.getloadavg()],
        "uid": os.geteuid(),
    }


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
        key, _, value = line.partition(":")
        if key.strip() == "model name":
            return value.strip()
    return platform.machine()
