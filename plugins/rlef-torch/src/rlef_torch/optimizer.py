"""Run any learner as an optimizer of rlef-core, in this process, on one device."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import TypeVar

import torch
from transformers import PreTrainedTokenizerFast

from rlef_core import Context, Trajectory, UpdateReport, Weights
from rlef_models.model import load_tokenizer, resolve
from rlef_torch.checkpoint import restore, save, take_weights
from rlef_torch.learner import Learner

ConfigT = TypeVar("ConfigT")
ResultT = TypeVar("ResultT")


class TorchOptimizer:
    """Learns on a thread of its own. The version counts the collections that were learned from."""

    def __init__(self, learner: Learner, tokenizer: PreTrainedTokenizerFast, context: Context) -> None:
        self.learner = learner
        self.version = 0
        self._tokenizer = tokenizer
        self._seed = context.seed
        self._device = learner.policy.model.device
        # one thread, so that OpenMP keeps one team
        self._thread = ThreadPoolExecutor(1, "rlef-torch optimizer", torch.set_num_threads, (context.threads,))

    @classmethod
    def build(cls, make: Callable[[str, ConfigT, Context], Learner], config: ConfigT, context: Context) -> "TorchOptimizer":
        """Make a family's learner from a resolved path. Raises ModelError when the context's model cannot be used."""
        path = resolve(context.model)
        return cls(make(path, config, context), load_tokenizer(path), context)

    async def update(self, collection: Sequence[Trajectory]) -> UpdateReport:
        report = await self._run(lambda: self.learner.learn(collection, self._seed("order", self.version)))
        self.version += 1
        return report

    def publish(self, scheme: str) -> AbstractAsyncContextManager[Weights]:
        return self._publish(scheme)

    async def save(self, directory: Path) -> None:
        await self._run(lambda: save(directory, self.learner, self._tokenizer, self.version))

    async def restore(self, directory: Path) -> None:
        self.version = await self._run(lambda: restore(directory, self.learner))

    async def start_from(self, directory: Path) -> None:
        await self._run(lambda: take_weights(directory, self.learner))

    async def suspend(self) -> None:
        await self._run(lambda: self._move(torch.device("cpu")))

    async def resume(self) -> None:
        await self._run(lambda: self._move(self._device))

    async def close(self) -> None:
        await asyncio.to_thread(self._thread.shutdown)

    @asynccontextmanager
    async def _publish(self, scheme: str) -> AsyncIterator[Weights]:
        if scheme != "memory":
            raise ValueError(f"weights were asked for by scheme {scheme!r}, expected 'memory'")
        yield Weights(self.version, scheme, {name: tensor.detach() for name, tensor in self.learner.policy.model.named_parameters()})

    def _move(self, device: torch.device) -> None:
        for module in self.learner.fixed:
            module.to(device)
        for pupil in self.learner.updater.pupils.values():
            pupil.module.to(device)
            pupil.stepper.move(device)
        if self._device.type == "cuda":
            torch.cuda.empty_cache()

    async def _run(self, work: Callable[[], ResultT]) -> ResultT:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)
