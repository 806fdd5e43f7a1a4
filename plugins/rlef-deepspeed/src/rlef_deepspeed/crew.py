"""Have ranks do something, wherever they are; and the crew of one rank inside of this process."""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Protocol, TypeVar

import torch
from torch import Tensor

from rlef_core import MetricSink, Weights
from rlef_deepspeed.config import DeepSpeedPpoConfig
from rlef_deepspeed.group import device_of
from rlef_deepspeed.rank import Rank
from rlef_deepspeed.recipe import Recipe
from rlef_deepspeed.walk import Walk, publisher
from rlef_models.transfer import Parameters

ResultT = TypeVar("ResultT")


class Crew(Protocol):
    """The ranks of one optimizer. What is asked at the same time is done in turn; cancelling does not stop what has begun."""

    async def ask(self, method: str, *arguments: Any) -> Any:
        """Call a method of `Rank` on every rank, return rank 0's result. Raises RankError where a rank failed; the crew has then ended."""

    def publish(self, scheme: str, version: int) -> AbstractAsyncContextManager[Weights]:
        """The current weights, as `Optimizer.publish` promises; tells what it took to the metrics."""

    async def close(self) -> None:
        """End all ranks; closing twice is harmless."""


class Alone:
    """A crew of one rank, on a thread of this process."""

    def __init__(self, recipe: Recipe, metrics: MetricSink) -> None:
        # one thread, so that OpenMP keeps one team
        self._thread = ThreadPoolExecutor(1, "rlef-deepspeed rank", torch.set_num_threads, (recipe.threads,))
        self._metrics = metrics
        self._device = device_of(recipe.devices, 0)
        self._passing = passing(recipe.config)
        self._publisher = publisher(recipe, self._device)
        try:
            self._rank = self._thread.submit(Rank, recipe, 0, 1, 0).result()
        except BaseException:
            self._thread.shutdown(wait=False)
            raise
        self._closed = False

    async def ask(self, method: str, *arguments: Any) -> Any:
        return await self._run(lambda: getattr(self._rank, method)(*arguments))

    @asynccontextmanager
    async def publish(self, scheme: str, version: int) -> AsyncIterator[Weights]:
        parameters: Parameters = await self.ask("parameters")
        if scheme == "memory":
            yield Weights(version, scheme, await self._run(lambda: whole(parameters, copy=self._passing)))
            return
        walk = Walk(parameters, self._device)
        async with self._publisher.publish(scheme, version, walk.parameters, await self.ask("probe")) as weights:
            self._metrics.add("optimizer/published_bytes", weights.payload["bytes"])
            yield weights
        self._metrics.add("optimizer/gather_seconds", walk.seconds)

    async def close(self) -> None:
        if not self._closed:
            self._closed = True
            await self._publisher.close()
            await self.ask("close")
            await asyncio.to_thread(self._thread.shutdown)

    async def _run(self, work: Callable[[], ResultT]) -> ResultT:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)


def passing(config: DeepSpeedPpoConfig) -> bool:
    """Return whether a published tensor is made for the moment: gathered from its parts, or added up with its adapters."""
    return config.zero_stage == 3 or config.lora_rank is not None


def whole(parameters: Parameters, *, copy: bool) -> dict[str, Tensor]:
    """Return all tensors at once; without `copy`, those that are trained."""
    return {name: tensor.detach().clone() if copy else tensor.detach() for name, tensor in parameters.tensors()}
