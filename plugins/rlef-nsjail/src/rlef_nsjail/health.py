"""Tell whether jails can be made here; with a probe, run a program in one."""

import asyncio
import os
import shutil
import sys
import time
from pathlib import Path

from rlef_core import CaseInput, Completed, Health, Job, Language, RlefError, Tool
from rlef_nsjail import binary, cgroups, rootfs
from rlef_nsjail.plugin import NsjailConfig, executor_of, impediment

ROOT_BYTES = 300 << 20
"""A root file system with Python and g++ takes 220 MB."""
DEBIAN = "/proc/sys/kernel/unprivileged_userns_clone"
NUMBER = "/proc/sys/user/max_user_namespaces"
SOURCE = "print(6 * 7)"
PYTHON = Language(
    name="python",
    source_name="solution.py",
    run=("{python}", "{source}"),
    tools=(Tool("python", (getattr(sys, "_base_executable", None) or sys.executable,)),),
    runtime="cpython",
)


def findings() -> tuple[Health, ...]:
    """The executable with what its usual config needs, user namespaces, control groups, and room for root file systems."""
    return (jails(), user_namespaces(Path(NUMBER), Path(DEBIAN), os.geteuid()), control_groups(), root_file_systems())


def jails() -> Health:
    """Whether the namespaces of a jail can be made, which takes milliseconds; the probe runs a program."""
    reason = impediment(NsjailConfig())
    found = binary.binary_of(None)
    if reason or found is None:
        return Health("nsjail", False, reason or "found no nsjail")
    return Health("nsjail", True, f"{binary.version_of(found)} makes every namespace", probe=try_jail)


def try_jail() -> Health:
    """Run a program in a jail, which is looked at from outside and inside before; the first time builds a root file system."""
    start = time.perf_counter()
    try:
        seen = asyncio.run(_run())
    except RlefError as error:
        return Health("nsjail", False, str(error))
    took = f"in {time.perf_counter() - start:.1f} s"
    works = seen.succeeded and seen.stdout == b"42\n"
    return Health("nsjail", works, f"a program ran in a verified jail {took}" if works else f"a program that prints 42 came to {seen}")


def user_namespaces(number: Path, debian: Path, uid: int) -> Health:
    """Whether the kernel's settings let this user make them. A container or AppArmor may still refuse, which `nsjail` above tells."""
    allowed = int(number.read_text()) if number.exists() else 0
    if uid and debian.exists() and debian.read_text().strip() == "0":
        return Health("user namespaces", False, f"{debian} is 0", "on the host: `sysctl kernel.unprivileged_userns_clone=1`")
    return Health("user namespaces", allowed > 0, f"{allowed} allowed", "on the host: `sysctl user.max_user_namespaces=15000`")


def control_groups() -> Health:
    """Where jails get their groups; a note where they go without."""
    groups = cgroups.find("auto")
    if groups.version:
        below = ", ".join(map(str, groups.parents))
        return Health("control groups", True, f"version {groups.version}, delegated below {below}")
    advice = "delegate a group and name it by the setting `cgroup`; without, each process of a program has its own limits"
    return Health("control groups", False, f"none for jails: {groups.reason}", advice, needed=False)


def root_file_systems() -> Health:
    """The folder of root file systems and the room that it has."""
    folder = rootfs.default_cache()
    there = next(path for path in (folder, *folder.parents) if os.access(path, os.F_OK))
    free = shutil.disk_usage(there).free
    works = free >= ROOT_BYTES and os.access(there, os.W_OK | os.X_OK)
    advice = "make room there and let this user write, or set `cache` to another folder"
    return Health("root file systems", works, f"{free >> 20} MiB free at {folder}", advice)


class _Unmeasured:
    """A MetricSink that forgets."""

    def add(self, name: str, value: float) -> None:
        """Forget it."""


async def _run() -> Completed:
    executor = executor_of(NsjailConfig(), 1, _Unmeasured())
    try:
        (seen,) = [each async for each in executor.run(Job(PYTHON, SOURCE, (CaseInput(),)))]
        return seen
    finally:
        await executor.close()
