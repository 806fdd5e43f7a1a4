"""See how much memory this process comes to hold at most while something runs."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from attrs import define

_OWN = Path("/proc/self")


@define
class Growth:
    """Bytes above what was held before; 0 until the block has ended."""

    bytes: int = 0


@contextmanager
def peak_growth() -> Iterator[Growth]:
    """How far the resident memory rises above what it was before the block, at its peak.

    Where the kernel lets nobody reset the peak, it is that of the whole process, and only a block that exceeds all before is seen.
    """
    with suppress(OSError):
        (_OWN / "clear_refs").write_text("5")
    before, growth = _status("VmRSS"), Growth()
    yield growth
    growth.bytes = max(_status("VmHWM") - before, 0)


def _status(key: str) -> int:
    lines = (_OWN / "status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{key}:"))
