"""Look at a jail from outside and from inside before the first program: whatever is not as designed refuses to run."""

import json
import os
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

from rlef_core import ByteSize, ExecutorFault, Limits
from rlef_core.sandbox import memory_file
from rlef_nsjail.design import DEVICES, INSIDE_ID, Design
from rlef_nsjail.jail import Jail
from rlef_nsjail.rewording import bare_request

NAMESPACES = ("cgroup", "ipc", "mnt", "net", "pid", "user", "uts")
CANARY_LIMITS = Limits(cpu_seconds=10.0, wall_seconds=60.0, memory_bytes=ByteSize(256_000_000), output_bytes=ByteSize(100_000), processes=4)


class UnsafeJailError(ExecutorFault):
    """A jail is not what it was asked to be. No program has run in it."""


async def verify(jail: Jail, design: Design, uid: int | None) -> None:
    """Raise UnsafeJailError unless the jail is as designed."""
    # The canary tries only where nothing it could break is open.
    wrong = [*_from_outside(jail, design, uid)] or [*await _from_inside(jail, design)]
    if wrong:
        raise UnsafeJailError(
            f"a jail is not as safe as it was asked to be ({'; '.join(wrong)}), and no program was run in it: "
            "check the kernel and nsjail's version, or choose another executor"
        )


def _from_outside(jail: Jail, design: Design, uid: int | None) -> Iterator[str]:
    """What the kernel says of the harness, in words where that is not as it must be."""
    folder = Path("/proc", str(jail.pid))
    try:
        status = dict(line.split(":\t", 1) for line in (folder / "status").read_text().splitlines() if ":\t" in line)
        yield from _status(status, os.geteuid() if uid is None else uid)
        for name in NAMESPACES:
            if (folder / "ns" / name).readlink() == Path("/proc/self/ns", name).readlink():
                yield f"it shares our {name} namespace"
        yield from _mounts((folder / "mountinfo").read_text(), design)
        if not jail.cgroups.holds(jail.pid):
            yield "it is not in its control groups"
    except (OSError, KeyError, ValueError) as error:
        yield f"it cannot be looked at: {type(error).__name__}: {error}"


def _status(status: dict[str, str], uid: int) -> Iterator[str]:
    wanted = {"CapInh": 0, "CapPrm": 0, "CapEff": 0, "CapBnd": 0, "CapAmb": 0}
    for name, value in wanted.items():
        if int(status[name], 16) != value:
            yield f"{name} is {status[name]}, expected none"
    if set(status["Uid"].split()) != {str(uid)} or (uid and "0" in status["Gid"].split()):
        yield f"its user is {status['Uid'].split()} and group {status['Gid'].split()}, expected {uid} and none of root's"
    if os.geteuid() == 0 and "0" in status["Groups"].split():
        yield f"its further groups are {status['Groups'].split()}, expected none of root's"
    if status["NoNewPrivs"] != "1":
        yield "it may gain privileges"
    if status["Seccomp"] != "2":
        yield "no system call is filtered"
    if status["NSpid"].split()[-1] != "1":
        yield f"its first process is {status['NSpid'].split()[-1]}, expected 1"


def _mounts(mountinfo: str, design: Design) -> Iterator[str]:
    found = {}
    for line in mountinfo.splitlines():
        words = line.split()
        found[words[4]] = set(words[5].split(","))
    wanted = design.mount_points
    for place in sorted(found.keys() ^ wanted.keys()):
        yield f"{place} is {'mounted' if place in found else 'not mounted'}"
    for place in sorted(found.keys() & wanted.keys()):
        if missing := wanted[place] - found[place]:
            yield f"{place} is mounted without {', '.join(sorted(missing))}"


async def _from_inside(jail: Jail, design: Design) -> Iterator[str]:
    """What a program finds that tries what it must not be able to do."""
    source = (files(__package__) / "canary.py").read_bytes()
    with memory_file() as stdin, memory_file() as stdout, memory_file() as stderr, memory_file(source, sealed=True) as program:
        request = bare_request(CANARY_LIMITS, names=("canary.py",), source="canary.py", filter="" if design.multiprocess else "fork")
        answer = await jail.ask(request, (stdin, stdout, stderr, program), CANARY_LIMITS.wall_seconds)
        told, error = os.pread(stdout, CANARY_LIMITS.output_bytes, 0), os.pread(stderr, 2000, 0)
    if answer["status"] != 0:
        return iter([f"its canary ended with status {answer['status']}: {error.decode('utf-8', 'replace')[-300:]}"])
    try:
        found: dict[str, Any] = json.loads(told)
    except ValueError:
        return iter([f"its canary told {told[:100]!r}"])
    wanted = _expected(design)
    return iter(
        [f"its canary found {name} {found.get(name)!r}, expected {wanted[name]!r}" for name in wanted if found.get(name) != wanted[name]]
    )


def _expected(design: Design) -> dict[str, Any]:
    refused = "PermissionError"
    return {
        "ids": [int(INSIDE_ID)] * 4,
        "sockets": [refused] * 3,
        "write to the root": ["OSError"] * 2,
        "descriptors": [0, 1, 2],
        "fork": "done" if design.multiprocess else refused,
        "signal to the harness": "done" if design.multiprocess else refused,
        "mount": refused,
        "trace": refused,
        "devices": sorted([*DEVICES, "stdin"]),
        "host": [],
        "environment": sorted(design.variables),
    }
