"""Meet for a broadcast of weights in a process group of its own (`nccl` between GPUs, `gloo` between CPUs).

The publisher opens a store. For every publication the policy announces in it how many receivers there are and what the group is called; the
sender and the receivers meet in that group, and keep it for as long as its name stays.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist
from attrs import frozen
from torch import Tensor
from torch.distributed import PrefixStore, TCPStore  # type: ignore[attr-defined]  # documented, though not in its __all__

from rlef_models.transfer.errors import TransferError
from rlef_models.transfer.parameters import as_bytes

_ANNOUNCE_SECONDS = 30.0


def announce(payload: Mapping[str, Any], receivers: int, group: str) -> None:
    """Tell the sender of a publication how many receivers will take it, and in which group they meet; blocks for a moment.

    Call it once for a publication, beside the receivers. A group's name stands for the same receivers, in the same order: choose a new one
    whenever one of them was started anew. Does nothing for payloads that need no group. Raises TransferError where the publisher has gone.
    """
    if payload["scheme"] not in ("nccl", "gloo"):
        return
    with explained(f"receivers of version {payload['version']} could not be announced"):
        store = open_store(payload, _ANNOUNCE_SECONDS)
        store.set(payload["publication"], json.dumps([receivers, group]))


@frozen(eq=False)
class Group:
    """A process group by its name, with the device that its tensors must be on."""

    name: str
    backend: Any
    device: torch.device

    @classmethod
    def join(cls, scheme: str, store: Any, name: str, rank: int, size: int, device: torch.device, timeout: float) -> "Group":
        """Meet the other members; blocks until all are there."""
        prefixed, longest = PrefixStore(name, store), timedelta(seconds=timeout)
        if scheme == "gloo":
            return cls(name, dist.ProcessGroupGloo(prefixed, rank, size, longest), torch.device("cpu"))
        if device.type != "cuda":
            raise TransferError(
                f"weights cannot be moved by scheme 'nccl' on device {str(device)!r}, expected a GPU; choose 'gloo' or 'shm'"
            )
        options = dist.ProcessGroupNCCL.Options()
        options._timeout = longest
        return cls(name, dist.ProcessGroupNCCL(prefixed, rank, size, options), device)

    def broadcast(self, tensor: Tensor) -> None:
        """Send the tensor from rank 0, or fill it; it must be contiguous and on the group's device."""
        content = as_bytes(tensor)  # bytes, since not every dtype can be sent
        if content.numel():
            self.backend.broadcast([content], dist.BroadcastOptions()).wait()

    def finish(self) -> None:
        """Return when every member has come here with all that was sent."""
        self.backend.allreduce([torch.zeros(1, device=self.device)], dist.AllreduceOptions()).wait()
        if self.device.type == "cuda":
            torch.cuda.current_stream(self.device).synchronize()

    def abort(self) -> None:
        self.backend.abort()


def key_of(publication: str, rank: int) -> str:
    """Return the key that a receiver sets when it has come for a publication."""
    return f"{publication}/{rank}"


def open_store(payload: Mapping[str, Any], timeout: float) -> Any:
    """Return a connection to the store that a payload names."""
    longest = timedelta(seconds=timeout)
    return TCPStore(payload["address"], payload["port"], is_master=False, wait_for_workers=False, timeout=longest)


@contextmanager
def explained(what: str) -> Iterator[None]:
    """Turn what torch.distributed raises inside the block into a TransferError that says `what` failed."""
    try:
        yield
    except RuntimeError as error:  # what torch.distributed raises for a lost peer, a lost store and a time-out
        reason = " ".join(str(error).split())[:300]
        raise TransferError(f"{what} ({reason}); see whether the other side lives and reaches this machine's address") from error
