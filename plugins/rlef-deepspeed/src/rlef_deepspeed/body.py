"""Be a rank that the driver calls: make what the recipe says, do each call in turn, tell what became of it."""

import asyncio
import os
import traceback
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from importlib import import_module
from multiprocessing.connection import Connection
from threading import Lock
from typing import Any

import torch
import torch.distributed as dist

from rlef_core import Probe, Weights
from rlef_deepspeed.group import device_of
from rlef_deepspeed.messages import Answer, Call, Failure, Walking
from rlef_deepspeed.recipe import Recipe
from rlef_deepspeed.walk import Walk, publisher


class Body:
    """A rank, and with rank 0 the publisher of its weights, whose context stays open between two calls."""

    def __init__(self, driver: Connection) -> None:
        self._driver = driver
        self._turn = Lock()  # a publisher's thread speaks too
        self._number, self._size, self._local = (int(os.environ[name]) for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK"))
        if "LOCAL_SIZE" in os.environ:  # as DeepSpeed's launcher calls what others call so
            os.environ["LOCAL_WORLD_SIZE"] = os.environ["LOCAL_SIZE"]
        self._own = {"build": self._build, "publish": self._publish, "unpublish": self._unpublish, "walk": self._walk, "close": self._close}
        self._loop = asyncio.Runner()
        self._rank: Any = None
        self._open: tuple[AbstractAsyncContextManager[Weights], Walk] | None = None

    def serve(self) -> None:
        """Do calls until one is `close`, or the driver has gone."""
        self._say(Answer())
        method = ""
        while method != "close":
            try:
                call: Call = self._driver.recv()
            except EOFError:
                return
            method = call.method
            self._say(self._answer(call))

    def _answer(self, call: Call) -> Answer | Failure:
        try:
            work = self._own.get(call.method) or getattr(self._rank, call.method)
            value = work(*call.arguments)
        except Exception as error:
            traceback.print_exc()
            return Failure.of(error)
        return Answer(value if self._number == 0 else None)

    def _say(self, message: Any) -> None:
        with self._turn:
            self._driver.send(message)

    def _build(self, recipe_text: str, kind: str) -> None:
        # kind: where the class of ranks is found, as module:name
        recipe = Recipe.from_json(recipe_text)
        self._device = device_of(recipe.devices, self._local)
        if self._device.type == "cuda":
            torch.cuda.set_device(self._device)
        backend = "nccl" if self._device.type == "cuda" else "gloo"
        dist.init_process_group(backend, timeout=timedelta(seconds=recipe.config.timeout_seconds))
        module, name = kind.split(":")
        self._rank = getattr(import_module(module), name)(recipe, self._number, self._size, self._local)
        if self._number == 0:
            self._publisher = publisher(recipe, self._device)

    def _publish(self, scheme: str, version: int, probe: Probe) -> Weights:
        if self._open is not None:  # whoever asked for it was cancelled before it came
            self._unpublish(True)
        walk = Walk(self._rank.parameters(), self._device, lambda: self._say(Walking()))
        context = self._publisher.publish(scheme, version, walk.parameters, probe)
        try:
            weights = self._loop.run(_entered(context))
        finally:
            walk.finish()
        self._open = context, walk
        return weights

    def _unpublish(self, failed: bool) -> float:
        # how long weights were gathered, in seconds
        assert self._open is not None  # the driver has opened it
        (context, walk), self._open = self._open, None
        error = RuntimeError("the driver gave the publication up") if failed else None
        try:
            self._loop.run(_left(context, error))
        finally:
            walk.finish()
        return walk.seconds

    def _walk(self) -> None:
        for _ in self._rank.parameters().tensors():
            pass

    def _close(self) -> None:
        if self._number == 0 and self._rank is not None:
            self._loop.run(self._publisher.close())
        if self._rank is not None:
            self._rank.close()
        if dist.is_initialized():
            dist.destroy_process_group()


async def _entered(context: AbstractAsyncContextManager[Weights]) -> Weights:
    weights = await context.__aenter__()
    await asyncio.sleep(0)  # what it does meanwhile begins before the loop stops
    return weights


async def _left(context: AbstractAsyncContextManager[Weights], error: BaseException | None) -> None:
    await context.__aexit__(type(error) if error else None, error, None)
