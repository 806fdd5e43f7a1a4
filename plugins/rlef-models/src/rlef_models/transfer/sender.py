"""Broadcast weights to the workers of engines: the publisher's side."""

import json
import socket
import time
from collections.abc import Sequence
from datetime import timedelta
from threading import Event

import torch
from torch.distributed import TCPStore  # type: ignore[attr-defined]  # documented, though not in its __all__

from rlef_models.transfer.errors import TransferError
from rlef_models.transfer.groups import Group, explained, key_of
from rlef_models.transfer.parameters import Parameters

_POLL_SECONDS = 0.02


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
        missing = self._missing([key_of(publication, rank) for rank in range(receivers)], ended)
        if missing:
            raise TransferError(
                f"weights of version {version} were not taken by scheme {self._scheme!r}: receivers {missing} of {receivers} did not come "
                f"{self._waited(ended)}; see whether these engines live and reach this machine's address {self.place['address']!r}"
            )
        try:
            with explained(f"weights of version {version} could not be sent to {receivers} receivers in group {name!r}"):
                group = self._join(name, receivers)
                for _, tensor in parameters:
                    group.broadcast(tensor.to(group.device).contiguous())
                group.finish()
        except BaseException:
            self.leave()
            raise
        for key in (publication, *(key_of(publication, rank) for rank in range(receivers))):
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
