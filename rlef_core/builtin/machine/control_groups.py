"""Read the limits that control groups, of either version, set for this process."""

from collections.abc import Iterator
from pathlib import Path


def contents(root: Path, controller: str, files: tuple[str, str]) -> Iterator[list[str]]:
    """The words of a file of a controller in this process's group and in all above it.

    `files` are its names in version 1 and in version 2; one joined by `/`, as `cpu.cfs_quota_us/cpu.cfs_period_us`, is several files.
    """
    for folder, version in _folders(root, controller):
        words = [_read(folder / file) for file in files[version - 1].split("/")]
        if all(words):
            yield " ".join(words).split()


def _folders(root: Path, controller: str) -> Iterator[tuple[Path, int]]:
    for line in _read(root / "proc/self/cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        own = Path(path.lstrip("/"))
        for group in (own, *own.parents):
            if controller in controllers.split(","):
                yield root / "sys/fs/cgroup" / controllers / group, 1
            elif not controllers:
                yield root / "sys/fs/cgroup" / group, 2


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError:  # the top group has no limits; a container may hide its own
        return ""
