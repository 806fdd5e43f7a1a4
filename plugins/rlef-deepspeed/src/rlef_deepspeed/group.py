"""Enter the group of ranks, on this rank's device, as DeepSpeed expects to find it."""

import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta

import deepspeed
import torch
import torch.distributed as dist
from torch.distributed import HashStore  # type: ignore[attr-defined]  # documented, though not in its __all__

from rlef_core import PluginError


def device_of(devices: Sequence[str], local_rank: int) -> torch.device:
    """Return the device of this machine's rank of that number: one of those given, else a GPU of its own, else the CPU."""
    if devices:
        return torch.device(devices[local_rank % len(devices)])
    return torch.device("cuda", local_rank) if torch.cuda.is_available() else torch.device("cpu")


def backend_of(device: torch.device) -> str:
    """Return the backend of torch.distributed for ranks on such devices."""
    return "nccl" if device.type == "cuda" else "gloo"


def enter(size: int, device: torch.device, timeout: float) -> None:
    """Make DeepSpeed use the default group, made here where `size` is 1. Raises PluginError where it is of another size."""
    logger = logging.getLogger("DeepSpeed")
    logger.setLevel(logging.WARNING)
    logger.handlers.clear()  # they write to the output, which is the run's own
    logger.propagate = True
    if device.type == "cuda":
        torch.cuda.set_device(device)
    if not dist.is_initialized() and size == 1:
        dist.init_process_group(backend_of(device), store=HashStore(), rank=0, world_size=1, timeout=timedelta(seconds=timeout))
    found = dist.get_world_size() if dist.is_initialized() else 0
    if found != size:
        raise PluginError(f"this process is in a group of {found} ranks, expected {size}; let nothing else use torch.distributed's default")
    # of the operators that DeepSpeed compiles none is used; it would try its compiler with all, and build one for inference, for a minute
    deepspeed.ops.__compatible_ops__ = {}
    deepspeed.init_distributed(auto_mpi_discovery=False)


@contextmanager
def told(local_rank: int) -> Iterator[None]:
    """Tell DeepSpeed this rank's number on its machine in the way that it reads: by the environment."""
    before = os.environ.get("LOCAL_RANK")
    os.environ["LOCAL_RANK"] = str(local_rank)
    try:
        yield
    finally:
        if before is None:
            del os.environ["LOCAL_RANK"]
        else:
            os.environ["LOCAL_RANK"] = before
