"""Publish weights as one file in the safetensors format, in memory (`shm`) or below a folder (`file`), and read it."""

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from rlef_models.transfer.errors import TransferError
from rlef_models.transfer.parameters import DTYPES, Entry, Parameters, as_bytes

_PUBLICATION = "publication"
_ADVICE = "its publisher has ended or published anew, or runs on another machine or in another container, which needs the scheme 'file'"


class Place(Protocol):
    """Where a publication is stored; it stays until the next one or `clear`."""

    def store(self, parameters: Parameters, publication: str) -> dict[str, Any]:
        """Write the weights and return what a payload says of them. Raises TransferError where there is no room."""

    def clear(self) -> None: ...


class SharedMemory:
    """A file without a name in this process's memory: the kernel frees it with the process, however that ends."""

    def __init__(self) -> None:
        self._descriptor = -1

    def store(self, parameters: Parameters, publication: str) -> dict[str, Any]:
        self.clear()  # first, so that two publications never stand side by side
        self._descriptor = os.memfd_create("rlef-weights", os.MFD_CLOEXEC)
        write(self._descriptor, parameters, publication)
        return {"path": f"/proc/{os.getpid()}/fd/{self._descriptor}"}

    def clear(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


class Folder:
    """A folder that nothing else writes to; what a killed process left in it is removed at once."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory.absolute()
        self.clear()

    def store(self, parameters: Parameters, publication: str) -> dict[str, Any]:
        self.clear()
        self._directory.mkdir(parents=True, exist_ok=True)
        partial, whole = (self._directory / f"{publication}.{ending}" for ending in ("partial", "safetensors"))
        descriptor = os.open(partial, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            write(descriptor, parameters, publication)
        finally:
            os.close(descriptor)
        partial.rename(whole)
        return {"path": str(whole)}

    def clear(self) -> None:
        for left in (*self._directory.glob("*.partial"), *self._directory.glob("*.safetensors")):
            left.unlink(missing_ok=True)


def write(descriptor: int, parameters: Parameters, publication: str) -> None:
    """Write the weights as they come, each to its place; the header comes last, so that a file cut short cannot be read.

    Raises TransferError where there is no room.
    """
    header, places = _header(parameters, publication)
    try:
        for entry, tensor in parameters:
            _write(descriptor, as_bytes(tensor.cpu()), places[entry.name])
        os.truncate(descriptor, len(header) + parameters.bytes)  # tensors without elements write nothing
        os.pwrite(descriptor, header, 0)
    except OSError as error:
        needed = f"{parameters.bytes / 2**30:.2f} GiB of weights"
        raise TransferError(f"{needed} cannot be stored ({error.strerror}); make room, or choose a policy with another scheme") from error


def read(payload: Mapping[str, Any], device: torch.device) -> Iterator[tuple[str, Tensor]]:
    """Yield the tensors of a stored publication in the order they were told in. Raises TransferError where it is gone or another."""
    path = payload["path"]
    try:
        with safe_open(path, framework="pt", device=str(device)) as opened:
            if (opened.metadata() or {}).get(_PUBLICATION) != payload[_PUBLICATION]:
                raise TransferError(f"{path!r} holds other weights than those of version {payload['version']}: {_ADVICE}")
            for entry in map(Entry.from_plain, payload["tensors"]):
                yield entry.name, opened.get_tensor(entry.name)
    except (OSError, SafetensorError) as error:
        raise TransferError(f"the weights of version {payload['version']} cannot be read at {path!r} ({error}): {_ADVICE}") from error


def _header(parameters: Parameters, publication: str) -> tuple[bytes, dict[str, int]]:
    # wide dtypes first, so that every tensor is aligned to its elements
    header: dict[str, Any] = {"__metadata__": {_PUBLICATION: publication}}
    offsets, end = {}, 0
    for entry in sorted(parameters.entries, key=lambda each: -each.dtype.itemsize):
        offsets[entry.name], end = end, end + entry.bytes
        place = [offsets[entry.name], end]
        header[entry.name] = {"dtype": DTYPES[entry.dtype], "shape": list(entry.shape), "data_offsets": place}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    whole = len(text).to_bytes(8, "little") + text
    return whole, {name: len(whole) + offset for name, offset in offsets.items()}


def _write(descriptor: int, content: Tensor, place: int) -> None:
    view = content.numpy().data
    while view:
        written = os.pwrite(descriptor, view, place)
        view, place = view[written:], place + written
