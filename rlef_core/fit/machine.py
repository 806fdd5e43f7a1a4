"""See how much memory each device of a machine has, or say it for a machine that is not at hand."""

import os
import shutil
import subprocess

from attrs import frozen

RESERVED_SHARE = 0.08
"""Of each device, kept free for what no component tells: the driver's context, libraries' buffers, gaps between tensors."""


@frozen
class Machine:
    """Bytes of memory: of every accelerator in order, of the host, and, where one was given, of any accelerator at all."""

    accelerators: tuple[int, ...]
    host: int
    assumed: int | None = None

    @property
    def accelerated(self) -> bool:
        """Whether components that may choose would find an accelerator."""
        return bool(self.accelerators) or self.assumed is not None

    @property
    def least(self) -> int | None:
        """Bytes of the smallest accelerator."""
        return min(self.accelerators, default=None) if self.assumed is None else self.assumed

    def capacity(self, device: str) -> int | None:
        """Bytes of a device as components name it; None for one that is not here."""
        place, _, name = device.rpartition("/")
        if name == "cpu":
            return self.host
        if self.assumed is not None:
            return self.assumed
        number = int(name.rpartition(":")[2])
        return self.accelerators[number] if not place and number < len(self.accelerators) else None


def this_machine(device_memory: int | None, host_memory: int | None) -> Machine:
    """This machine; what is given takes the place of what is found."""
    host = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return Machine(accelerators() if device_memory is None else (), host if host_memory is None else host_memory, device_memory)


def accelerators() -> tuple[int, ...]:
    """Bytes of each visible NVIDIA accelerator, in the order of their numbers; none where the driver's tool is absent, fails or hangs."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return ()
    asked = [tool, "--query-gpu=index,uuid,memory.total", "--format=csv,noheader,nounits"]
    try:
        listing = subprocess.run(asked, capture_output=True, text=True, timeout=30, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return ()
    return visible(listing, os.environ.get("CUDA_VISIBLE_DEVICES"))


def visible(listing: str, names: str | None) -> tuple[int, ...]:
    """Bytes of the accelerators of a listing (a line each: index, uuid, MiB) that `names`, if given, leaves visible, in its order.

    One that has no memory of its own, where the listing has a word for the MiB, is left out.
    """
    rows = [[cell.strip() for cell in line.split(",")] for line in listing.splitlines() if line.strip()]
    rows = [row for row in rows if row[-1].isdecimal()]
    sizes = {name: int(size) << 20 for index, uuid, size in rows for name in (index, uuid)}
    wanted = [row[0] for row in rows] if names is None else names.split(",")
    return tuple(sizes[name.strip()] for name in wanted if name.strip() in sizes)
