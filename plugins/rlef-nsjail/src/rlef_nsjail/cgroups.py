"""Bound a jail's memory and processes by control groups, where there are some for us; clear up what jails left of them."""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from attrs import frozen

PREFIX = "NSJAIL."
HARNESS_BYTES = 96 << 20
"""Room besides a program's own: the harness, and what the kernel counts."""
V1 = Path("/sys/fs/cgroup")
V2_MOUNTS = (Path("/sys/fs/cgroup"), Path("/sys/fs/cgroup/unified"))
CONTROLLERS = ("memory", "pids")


@frozen
class Cgroups:
    """Where jails get their control groups: `parents` by controller (one and the same in version 2); none, and `reason` tells why."""

    version: int = 0
    parents: tuple[Path, ...] = ()
    reason: str = ""

    @property
    def words(self) -> str:
        """What they keep programs from, or that they do not."""
        return f"memory and processes by cgroup v{self.version}" if self.version else "memory and processes by limits of each process"

    def settings(self, processes: int) -> dict[str, Any]:
        """The fields of nsjail's configuration."""
        limits: dict[str, Any] = {"cgroup_mem_max": 1 << 40, "cgroup_pids_max": processes}
        if self.version == 1:
            memory, pids = self.parents
            return {
                **limits,
                "cgroup_mem_mount": str(memory),
                "cgroup_mem_parent": ".",
                "cgroup_pids_mount": str(pids),
                "cgroup_pids_parent": ".",
            }
        if self.version:
            return {**limits, "use_cgroupv2": True, "cgroupv2_mount": str(self.parents[0]), "cgroup_mem_swap_max": 0}
        return {}

    def limit_memory(self, pid: int, most: int) -> None:
        """Give the jail whose first process is `pid` (outside) room for `most` bytes besides the harness."""
        if self.version:
            file = "memory.limit_in_bytes" if self.version == 1 else "memory.max"
            (self._group(pid) / file).write_text(str(most + HARNESS_BYTES))

    def open_kills(self, pid: int) -> int | None:
        """Open the file that counts how many processes of the jail the kernel has killed because its memory was full; see `kills`."""
        if not self.version:
            return None
        file = "memory.oom_control" if self.version == 1 else "memory.events"
        return os.open(self._group(pid) / file, os.O_RDONLY | os.O_CLOEXEC)

    def holds(self, pid: int) -> bool:
        """The process is in its jail's groups."""
        return all(str(pid) in (group / "cgroup.procs").read_text().split() for group in self._groups(pid))

    def remove(self, pid: int, patience_seconds: float) -> None:
        """Remove the groups of a jail that ends, where nsjail could not: a group goes when the last of its processes has gone."""
        end = time.monotonic() + patience_seconds
        left = self._groups(pid)
        while (left := [group for group in left if not _removed(group)]) and time.monotonic() < end:
            time.sleep(0.005)

    def sweep(self) -> None:
        """Remove groups whose jail is gone; a group that is in use cannot be removed."""
        for parent in self.parents:
            for group in parent.glob(f"{PREFIX}*"):
                if not Path("/proc", group.name.removeprefix(PREFIX)).exists():
                    _removed(group)

    def _group(self, pid: int) -> Path:
        return self._groups(pid)[0]

    def _groups(self, pid: int) -> list[Path]:
        return [parent / f"{PREFIX}{pid}" for parent in self.parents]


def _removed(group: Path) -> bool:
    try:
        group.rmdir()
    except FileNotFoundError:
        return True
    except OSError:  # it is in use
        return False
    return True


def kills(file: int) -> int:
    """The count in a file of `open_kills`, 0 where the kernel keeps none."""
    words = os.pread(file, 4096, 0).split()
    return int(words[words.index(b"oom_kill") + 1]) if b"oom_kill" in words else 0


def find(setting: str) -> Cgroups:
    """The control groups that jails may have: `none`, `auto`, or the path of a delegated group below each controller's mount."""
    if setting == "none":
        return Cgroups(reason="the setting says none")
    own = "" if setting == "auto" else setting.strip("/")
    if all((V1 / controller / "cgroup.procs").exists() for controller in CONTROLLERS):
        return _first_version(own)
    return _second_version(own)


def _first_version(named: str) -> Cgroups:
    parents = []
    for controller in CONTROLLERS:
        tried = [V1 / controller / path for path in ([named] if named else [_own_path(controller), f"rlef-core-{os.geteuid()}", ""])]
        parent = next(filter(_delegated, tried), None)
        if parent is None:
            return Cgroups(reason=f"this user may make no group below {', '.join(map(str, tried))}")
        parents.append(parent)
    return Cgroups(1, tuple(parents))


def _delegated(parent: Path) -> bool:
    """New groups can be made and processes be put into them."""
    return parent.is_dir() and os.access(parent, os.W_OK) and os.access(parent / "cgroup.procs", os.W_OK)


def _second_version(named: str) -> Cgroups:
    tried = []
    for mount in V2_MOUNTS:
        for path in [named] if named else [_own_path(""), ""]:
            parent = mount / path
            if (parent / "cgroup.controllers").exists():
                tried.append(str(parent))
                if _delegated(parent) and _controls(parent):
                    return Cgroups(2, (parent,))
    return Cgroups(reason=f"no delegated group with the controllers memory and pids among {', '.join(tried) or 'no cgroup mount at all'}")


def _controls(parent: Path) -> bool:
    """Version 2 gives its controllers only to groups below one that holds no process itself."""
    there = set((parent / "cgroup.controllers").read_text().split())
    given = set((parent / "cgroup.subtree_control").read_text().split())
    empty = not (parent / "cgroup.procs").read_text().strip()
    return there.issuperset(CONTROLLERS) and (given.issuperset(CONTROLLERS) or empty)


def _own_path(controller: str) -> str:
    for _, controllers, path in _own_groups():
        if controller in controllers:
            return path.lstrip("/")
    return ""


def _own_groups() -> Iterator[tuple[str, list[str], str]]:
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        number, controllers, path = line.split(":", 2)
        yield number, controllers.split(","), path
