"""Make a rank in a process of its own, which a launcher started; rank 0's publishes the weights of all."""

import asyncio
import os
import warnings
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta

import torch
import torch.distributed as dist

from rlef_core import Probe, Weights
from rlef_deepspeed.group import backend_of, device_of
from rlef_deepspeed.rank import Rank
from rlef_deepspeed.recipe import Recipe
from rlef_deepspeed.walk import Walk, publisher


class Apart(Rank):
    """A rank that has met the others by what its launcher put into the environment."""

    def __init__(self, recipe_text: str, walking: Callable[[], None]) -> None:
        """walking: called when rank 0 begins to walk over its weights, so that the others do too."""
        recipe = Recipe.from_json(recipe_text)
        number, size, local = (int(os.environ[name]) for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK"))
        if "LOCAL_SIZE" in os.environ:  # as DeepSpeed's launcher calls what others call so
            os.environ["LOCAL_WORLD_SIZE"] = os.environ["LOCAL_SIZE"]
        warnings.filterwarnings("ignore", "`torch.distributed", FutureWarning)  # DeepSpeed's, at every step
        _meet(device_of(recipe.devices, local), recipe.config.timeout_seconds)
        super().__init__(recipe, number, size, local)
        self._walking = walking
        self._loop = asyncio.Runner()
        self._publisher = publisher(recipe, self.device) if number == 0 else None
        self._open: tuple[AbstractAsyncContextManager[Weights], Walk] | None = None

    def publish(self, scheme: str, version: int, probe: Probe | None) -> Weights:
        """Begin a publication, as rank 0; it is open until `unpublish`."""
        assert self._publisher is not None  # rank 0's
        if self._open is not None:  # whoever asked for it was cancelled before it came
            self.unpublish(failed=True)
        walk = Walk(self.parameters(), self.device, self._walking)
        context = self._publisher.publish(scheme, version, walk.parameters, probe)
        try:
            weights = self._loop.run(_entered(context))
        finally:
            walk.finish()
        self._open = context, walk
        return weights

    def unpublish(self, failed: bool) -> float:
        """End the publication; return how long its weights were gathered, in seconds."""
        assert self._open is not None
        (context, walk), self._open = self._open, None
        error = RuntimeError("the driver gave the publication up") if failed else None
        try:
            self._loop.run(_left(context, error))
        finally:
            walk.finish()
        return walk.seconds

    def walk(self) -> None:
        """Walk over the weights while rank 0 does."""
        for _ in self.parameters().tensors():
            pass

    def close(self) -> None:
        if self._publisher is not None:
            self._loop.run(self._publisher.close())
        super().close()
        dist.destroy_process_group()


def _meet(device: torch.device, timeout: float) -> None:
    if device.type == "cuda":
        torch.cuda.set_device(device)
    dist.init_process_group(backend_of(device), timeout=timedelta(seconds=timeout))


async def _entered(context: AbstractAsyncContextManager[Weights]) -> Weights:
    weights = await context.__aenter__()
    await asyncio.sleep(0)  # what it does meanwhile begins before the loop stops
    return weights


async def _left(context: AbstractAsyncContextManager[Weights], error: BaseException | None) -> None:
    await context.__aexit__(type(error) if error else None, error, None)
