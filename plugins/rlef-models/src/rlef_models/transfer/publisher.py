"""Publish weights to processes that sample, by the scheme that optimizer and policy agreed on."""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from pathlib import Path
from threading import Event
from typing import TypeVar
from uuid import uuid4

import torch

from rlef_core import Probe, Weights
from rlef_models.transfer.ipc import SharedTensors
from rlef_models.transfer.parameters import Parameters
from rlef_models.transfer.sender import Sender
from rlef_models.transfer.stored import Folder, Place, SharedMemory

SCHEMES = ("shm", "file", "ipc", "nccl", "gloo")
"""What a Publisher offers, the one to be preferred first where nothing speaks against it."""
ResultT = TypeVar("ResultT")


class Publisher:
    """Kept by an optimizer; its work is done on a thread of its own, which also walks the parameters.

    directory: where the scheme `file` writes; nothing else may. device: where tensors stand for `ipc` and `nccl`. dtype: floating-point
    tensors are published in it; None: as they are. address: of this machine, where engines reach it (`nccl`, `gloo`). timeout: seconds
    that receivers may take to come.
    """

    def __init__(
        self,
        directory: Path,
        device: torch.device | str,
        *,
        dtype: torch.dtype | None = None,
        address: str = "127.0.0.1",
        timeout: float = 600.0,
    ) -> None:
        self._device = torch.device(device)
        self._dtype = dtype
        self._address = address
        self._timeout = timeout
        self._places: dict[str, Place] = {"shm": SharedMemory(), "file": Folder(directory)}
        self._shared = SharedTensors(self._device)
        self._senders: dict[str, Sender] = {}
        self._thread = ThreadPoolExecutor(1, "rlef-models publisher")

    def publish(
        self, scheme: str, version: int, parameters: Parameters, probe: Probe | None = None
    ) -> AbstractAsyncContextManager[Weights]:
        """Publish one version. The payload is plain data: `scheme`, `version`, `publication`, `bytes`, `tensors` and what the scheme adds.

        It is valid inside the context; one of `shm` and `file` until the next publication or `close`. For `nccl` and `gloo` the context's
        end waits until all is sent. One publication at a time. Raises ValueError for an unknown scheme, TransferError where it fails.
        """
        if scheme not in SCHEMES:
            raise ValueError(f"weights were asked for by scheme {scheme!r}, expected one of {', '.join(map(repr, SCHEMES))}")
        publish = self._store if scheme in self._places else self._share if scheme == "ipc" else self._send
        cast = parameters.cast(self._dtype)
        payload = {
            "scheme": scheme,
            "version": version,
            "publication": uuid4().hex,
            "bytes": cast.bytes,
            "tensors": [entry.plain() for entry in cast.entries],
        }
        return publish(Weights(version, scheme, payload, probe), cast)

    async def close(self) -> None:
        """Wait for a publication under way and remove what is published; closing twice is harmless."""
        await asyncio.to_thread(self._close)

    @asynccontextmanager
    async def _store(self, weights: Weights, parameters: Parameters) -> AsyncIterator[Weights]:
        place, payload = self._places[weights.scheme], weights.payload
        try:
            payload |= await self._run(lambda: place.store(parameters, payload["publication"]))
        except BaseException:
            await self._run(place.clear)
            raise
        yield weights

    @asynccontextmanager
    async def _share(self, weights: Weights, parameters: Parameters) -> AsyncIterator[Weights]:
        try:
            weights.payload.update(await self._run(lambda: self._shared.share(parameters)))
            yield weights
        finally:
            await self._run(self._shared.clear)

    @asynccontextmanager
    async def _send(self, weights: Weights, parameters: Parameters) -> AsyncIterator[Weights]:
        payload, ended = weights.payload, Event()
        sender = await self._run(lambda: self._sender(weights.scheme))
        payload |= sender.place
        sending = asyncio.ensure_future(self._run(lambda: sender.send(payload["publication"], weights.version, parameters, ended)))
        try:
            yield weights
            ended.set()
            await asyncio.shield(sending)
        except BaseException:
            ended.set()
            sender.leave()
            with suppress(Exception):
                await sending
            raise

    def _sender(self, scheme: str) -> Sender:
        if scheme not in self._senders:
            self._senders[scheme] = Sender(scheme, self._address, self._device, self._timeout)
        return self._senders[scheme]

    def _close(self) -> None:
        self._thread.shutdown()
        for place in self._places.values():
            place.clear()
        self._shared.clear()
        for sender in self._senders.values():
            sender.leave()
        self._senders.clear()

    async def _run(self, work: Callable[[], ResultT]) -> ResultT:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)
