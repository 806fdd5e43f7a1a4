"""Take published weights in a worker of an engine, by whatever scheme they come."""

from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor

from rlef_models.transfer import ipc, stored
from rlef_models.transfer.errors import TransferError
from rlef_models.transfer.member import Member


class Receiver:
    """Kept by a worker for as long as it lives; holds the worker's place in the group that weights are sent to."""

    def __init__(self, timeout: float = 600.0) -> None:
        self._member = Member(timeout)

    def receive(self, payload: Mapping[str, Any], *, rank: int, device: torch.device | str) -> Iterator[tuple[str, Tensor]]:
        """Yield every tensor by name, on `device`, in the order told in `payload["tensors"]`; walk it to its end, the sender waits for it.

        rank: this worker's place among the receivers, from 0; of use to `nccl` and `gloo` only. A tensor may be a view of memory that
        others read too: copy it, never write to it. Raises TransferError where the weights do not come.
        """
        scheme, device = payload["scheme"], torch.device(device)
        if scheme in ("shm", "file"):
            return stored.read(payload, device)
        if scheme == "ipc":
            return ipc.read(payload, device)
        if scheme in ("nccl", "gloo"):
            return self._member.receive(payload, rank, device)
        raise TransferError(f"weights came by scheme {scheme!r}, expected one of 'shm', 'file', 'ipc', 'nccl', 'gloo'")

    def close(self) -> None:
        """Leave the group."""
        self._member.leave()
