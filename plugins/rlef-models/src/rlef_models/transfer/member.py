"""Take weights that are broadcast: a receiver's side."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor

from rlef_models.transfer.groups import Group, explained, key_of, open_store
from rlef_models.transfer.parameters import Entry


class Member:
    """A receiver's side: its place in the group of the last publication."""

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        self._group: Group | None = None
        self._joined: tuple[Any, ...] = ()

    def receive(self, payload: Mapping[str, Any], rank: int, device: torch.device) -> Iterator[tuple[str, Tensor]]:
        """Yield the tensors as they are sent. Raises TransferError where they do not come; the group is then left."""
        try:
            with explained(f"weights of version {payload['version']} did not come to receiver {rank}"):
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
        store = open_store(payload, self._timeout)
        receivers, name = json.loads(store.get(payload["publication"]))
        store.set(key_of(payload["publication"], rank), b"")  # the sender joins only a group whose every member lives
        joining = (payload["address"], payload["port"], name)  # a trainer that was started anew may use the same names
        if self._group is None or self._joined != joining:
            self.leave()
            self._joined = joining
            self._group = Group.join(payload["scheme"], store, name, 1 + rank, 1 + receivers, device, self._timeout)
        return self._group
