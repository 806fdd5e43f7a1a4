"""Publish weights that stay where they are on a GPU: other processes on the same GPU map its memory (CUDA IPC)."""

from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor
from torch.multiprocessing.reductions import rebuild_cuda_tensor, reduce_tensor
from torch.storage import TypedStorage

from rlef_models.transfer.errors import TransferError
from rlef_models.transfer.parameters import Entry, Parameters


class SharedTensors:
    """Tensors that other processes may map; they are kept until `clear`."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._kept: list[Tensor] = []

    def share(self, parameters: Parameters) -> dict[str, Any]:
        """Return what a payload says of the tensors: handles by the GPU's UUID, in the order of the entries, as plain data.

        All tensors stand on the device at once. Raises TransferError without a GPU.
        """
        gpu = _uuid(self._device)
        by_name = {entry.name: tensor.to(self._device).contiguous() for entry, tensor in parameters}
        self._kept = [by_name[entry.name] for entry in parameters.entries]
        torch.cuda.synchronize(self._device)
        return {"handles": {gpu: [_handle(tensor) for tensor in self._kept]}}

    def clear(self) -> None:
        if self._kept:
            self._kept = []
            torch.cuda.ipc_collect()


def read(payload: Mapping[str, Any], device: torch.device) -> Iterator[tuple[str, Tensor]]:
    """Yield the published tensors as views of the publisher's memory. Raises TransferError where they lie on another GPU."""
    gpu = _uuid(device)
    if gpu not in payload["handles"]:
        raise TransferError(
            f"weights lie on GPUs {sorted(payload['handles'])}, but this engine runs on {gpu!r}; give both roles the same GPU, or choose "
            "the scheme 'nccl'"
        )
    for plain, handle in zip(payload["tensors"], payload["handles"][gpu], strict=True):
        entry = Entry.from_plain(plain)
        yield entry.name, _rebuild(entry, handle, device)


def _uuid(device: torch.device) -> str:
    if device.type != "cuda":
        raise TransferError(f"weights cannot be published by scheme 'ipc' on device {str(device)!r}, expected a GPU; choose 'shm' instead")
    return str(torch.cuda.get_device_properties(device).uuid)


def _handle(tensor: Tensor) -> list[Any]:
    # what reduce_tensor tells, less the classes, dtype and shape, which the entry gives, and the device, which is the reader's own
    _, told = reduce_tensor(tensor)
    _, _, stride, offset, _, _, _, storage, size, place, _, counter, count, event, waits = told
    return [list(stride), offset, _text(storage), size, place, _text(counter), count, _text(event), waits]


def _rebuild(entry: Entry, handle: list[Any], device: torch.device) -> Tensor:
    stride, offset, storage, size, place, counter, count, event, waits = handle
    tensor: Tensor = rebuild_cuda_tensor(
        Tensor,
        torch.Size(entry.shape),
        tuple(stride),
        offset,
        TypedStorage,
        entry.dtype,
        torch.cuda.current_device() if device.index is None else device.index,
        _data(storage),
        size,
        place,
        False,
        _data(counter),
        count,
        _data(event),
        waits,
    )
    return tensor


def _text(data: bytes | None) -> str | None:
    return None if data is None else b64encode(data).decode()


def _data(text: str | None) -> bytes | None:
    return None if text is None else b64decode(text)
