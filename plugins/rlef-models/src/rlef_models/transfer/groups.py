"""Broadcast weights to the workers of engines over a process group of its own (`nccl` between GPUs, `gloo` between CPUs).

The publisher opens a store. For every publication the policy announces in it how many receivers there are and what the group is called; the
sender and the receivers meet in that group, and keep it for as long as its name stays.
"""

import json
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from threading import Event
from typing import Any

import torch
import torch.distributed as dist
from attrs import frozen
from torch import Tensor
from torch.distributed import PrefixStore, TCPStore  # type: ignore[attr-defined]  # documented, though not in its __all__

from rlef_models.transfer.errors import TransferError
from rlef_models.transfer.parameters import Entry, Parameters, as_bytes

_POLL_SECONDS = 0.02
_ANNOUNCE_SECONDS = 30.0


def announce(payload: Mapping[str, Any], receivers: int, group: str) -> None:
    """Tell the sender of a publication how many receivers will take it, and in which group they meet; blocks for a moment.

    Call it once for a publication, beside the receivers. A group's name stands for the same receivers, in the same order: choose a new one
    whenever one of them was started anew. Does nothing for payloads that need no group. Raises TransferError where the publisher has gone.
    """
    if payload["scheme"] not in ("nccl", "gloo"):
        return
    with _explained(f"receivers of version {payload['version']} could not be announced"):
        store = _open(payload, _ANNOUNCE_SECONDS)
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


class Sender:
    """The publisher's side: a store on a free port of `address`, and the group of the last publication."""

    def __init__(self, scheme: str, address: str, device: torch.device, timeout: float) -> None:
        self._scheme = scheme
        self._device = device
        self._timeout = timeout
        listening = socket.create_server((address, 0))
        self.place = {"address": address, "port": listening.getsockname()[1]}
        descriptor = listening.detach()  # the store owns it; its own socket would listen on every address
        self._store = TCPStore(
            address,
            self.place["port"],
            is_master=True,
            wait_for_workers=False,
            master_listen_fd=descriptor,
            timeout=timedelta(seconds=timeout),
        )
        self._group: Group | None = None
        self._used: set[str] = set()

    def send(self, publication: str, version: int, parameters: Parameters, ended: Event) -> None:
        """Wait for the announcement and send; blocks. `ended` says that nobody will announce any more. Raises TransferError."""
        receivers, name = self._announcement(publication, version, ended)
        missing = self._missing([_here(publication, rank) for rank in range(receivers)], ended)
        if missing:
            raise TransferError(
                f"weights of version {version} were not taken by scheme {self._scheme!r}: receivers {missing} of {receivers} did not come "
                f"{self._waited(ended)}; see whether these engines live and reach this machine's address {self.place['address']!r}"
            )
        try:
            with _explained(f"weights of version {version} could not be sent to {receivers} receivers in group {name!r}"):
                group = self._join(name, receivers)
                for _, tensor in parameters:
                    group.broadcast(tensor.to(group.device).contiguous())
                group.finish()
        except BaseException:
            self.leave()
            raise
        for key in (publication, *(_here(publication, rank) for rank in range(receivers))):
            self._store.delete_key(key)  # or the store would grow with every publication

    def leave(self) -> None:
        """Give the group up; what waits in it fails."""
        group, self._group = self._group, None
        if group is not None:
            group.abort()

    def _announcement(self, publication: str, version: int, ended: Event) -> tuple[int, str]:
        if self._missing([publication], ended):
            raise TransferError(
                f"weights of version {version} were not taken by scheme {self._scheme!r}: no policy announced its receivers "
                f"{self._waited(ended)}, expected a call of rlef_models.transfer.announce in Policy.load"
            )
        receivers, name = json.loads(self._store.get(publication))
        return receivers, name

    def _missing(self, keys: Sequence[str], ended: Event) -> list[int]:
        # waits until all keys are set or no more can come, and returns the places of those that are not
        until = time.monotonic() + self._timeout
        while True:
            last = ended.is_set() or time.monotonic() > until  # before the look, so that nothing slips between the two
            missing = [place for place, key in enumerate(keys) if not self._store.check([key])]
            if last or not missing:
                return missing
            ended.wait(_POLL_SECONDS)

    def _waited(self, ended: Event) -> str:
        return "before the publication's context ended" if ended.is_set() else f"within {self._timeout:g} s"

    def _join(self, name: str, receivers: int) -> Group:
        if self._group is not None and self._group.name == name:
            return self._group
        if name in self._used:
            raise TransferError(f"the group {name!r} was announced again after it was left, expected a new name")
        self.leave()
        self._used.add(name)
        self._group = Group.join(self._scheme, self._store, name, 0, 1 + receivers, self._device, self._timeout)
        return self._group


class Member:
    """A receiver's side: its place in the group of the last publication."""

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        self._group: Group | None = None
        self._joined: tuple[Any, ...] = ()

    def receive(self, payload: Mapping[str, Any], rank: int, device: torch.device) -> Iterator[tuple[str, Tensor]]:
        """Yield the tensors as they are sent. Raises TransferError where they do not come; the group is then left."""
        try:
            with _explained(f"weights of version {payload['version']} did not come to receiver {rank}"):
                group = self._join(payload, rank, device)
                for entry in map(Entry.from_plain, payload["tensors"]):
                    tensor = torch.empty(entry.shape, dtype=entry.dtype, device=group.device)
                    group.broadcast(tensor)
                    yield entry.name, tensor.to(device)
                group.finish()
        except BaseException:  # also where the walk is given up: the sender then fails at once
            self.leave()
            raise

    def leave(self) -> None:
        group, self._group = self._group, None
        if group is not None:
            group.abort()

    def _join(self, payload: Mapping[str, Any], rank: int, device: torch.device) -> Group:
        store = _open(payload, self._timeout)
        receivers, name = json.loads(store.get(payload["publication"]))
        store.set(_here(payload["publication"], rank), b"")  # the sender joins only a group whose every member lives
        joining = (payload["address"], payload["port"], name)  # a trainer that was started anew may use the same names
        if self._group is None or self._joined != joining:
            self.leave()
            self._joined = joining
            self._group = Group.join(payload["scheme"], store, name, 1 + rank, 1 + receivers, device, self._timeout)
        return self._group


def _here(publication: str, rank: int) -> str:
    return f"{publication}/{rank}"


def _open(payload: Mapping[str, Any], timeout: float) -> Any:
    longest = timedelta(seconds=timeout)
    return TCPStore(payload["address"], payload["port"], is_master=False, wait_for_workers=False, timeout=longest)


@contextmanager
def _explained(what: str) -> Iterator[None]:
    try:
        yield
    except RuntimeError as error:  # what torch.distributed raises for a lost peer, a lost store and a time-out
        reason = " ".join(str(error).split())[:300]
        raise TransferError(f"{what} ({reason}); see whether the other side lives and reaches this machine's address") from error
