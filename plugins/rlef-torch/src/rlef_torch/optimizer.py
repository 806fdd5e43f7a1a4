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
from rlef_models.transfer import Parameters, Publisher
from rlef_torch.checkpoint import restore, save, take_weights
from rlef_torch.families import WEIGHT_SCHEMES
from rlef_torch.learner import Learner
from rlef_torch.model import DTYPES
from rlef_torch.probe import probe, probe_ids

ConfigT = TypeVar("ConfigT")
ResultT = TypeVar("ResultT")


class TorchOptimizer:
    """Learns on a thread of its own. The version counts the collections that were learned from."""

    def __init__(self, learner: Learner, tokenizer: PreTrainedTokenizerFast, context: Context, name: str) -> None:
        self.learner = learner
        self.version = 0
        self._tokenizer = tokenizer
        self._seed = context.seed
        self._metrics = context.metrics
        self._device = learner.policy.model.device
        assert context.model is not None  # its weights were loaded
        dtype = DTYPES.get(context.model.dtype)  # the policy's; `auto` publishes as trained
        self._publisher = Publisher(context.directory / "components" / name / "published", self._device, dtype=dtype)
        self._probed = probe_ids(learner.policy.model, tokenizer, longest=context.model.max_length, seed=context.seed("probe"))
        # one thread, so that OpenMP keeps one team
        self._thread = ThreadPoolExecutor(1, "rlef-torch optimizer", torch.set_num_threads, (context.threads,))

    @classmethod
    def build(
        cls, make: Callable[[str, ConfigT, Context], Learner], config: ConfigT, context: Context, name: str = "optimizer"
    ) -> "TorchOptimizer":
        """Make a family's learner from a resolved path. Raises ModelError when the context's model cannot be used.

        name: the component's; its publications by the scheme `file` lie below it in the run's directory.
        """
        path = resolve(context.model)
        return cls(make(path, config, context), load_tokenizer(path), context, name)

    async def update(self, collection: Sequence[Trajectory]) -> UpdateReport:
        report = await self._run(lambda: self.learner.learn(collection, self._seed("order", self.version), self.version))
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
        await self._publisher.close()
        await asyncio.to_thread(self._thread.shutdown)

    @asynccontextmanager
    async def _publish(self, scheme: str) -> AsyncIterator[Weights]:
        if scheme not in WEIGHT_SCHEMES:
            raise ValueError(f"weights were asked for by scheme {scheme!r}, expected one of {', '.join(map(repr, WEIGHT_SCHEMES))}")
        actor = self.learner.policy
        tensors = {name: tensor.detach() for name, tensor in actor.model.named_parameters()}
        if scheme == "memory":
            yield Weights(self.version, scheme, tensors)
            return
        computed = await self._run(lambda: probe(actor.logprobs, self._probed, self._device))
        async with self._publisher.publish(scheme, self.version, Parameters.of(tensors), computed) as weights:
            self._metrics.add("optimizer/published_bytes", weights.payload["bytes"])
            yield weights

    def _move(self, device: torch.device) -> None:
        for module in self.learner.fixed:
            module.to(device)
        for pupil in self.learner.updater.pupils.values():
            pupil.stepper.move(device)
        if self._device.type == "cuda":
            torch.cuda.empty_cache()

    async def _run(self, work: Callable[[], ResultT]) -> ResultT:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)
