"""The optimizer `ppo`: RLEF's PPO in this process, on one device."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import TypeVar

import torch
from torch import nn
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from rlef_core import Context, Trajectory, UpdateReport, Weights
from rlef_torch.actor import Actor
from rlef_torch.checkpoint import restore, save
from rlef_torch.config import PpoConfig
from rlef_torch.critic import Critic
from rlef_torch.learner import Learner
from rlef_torch.model import DTYPES, choose_device, load_model, load_tokenizer, resolve
from rlef_torch.steps import Stepper

ResultT = TypeVar("ResultT")


class PpoOptimizer:
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
    def build(cls, config: PpoConfig, context: Context) -> "PpoOptimizer":
        """Load the policy, the critic and the reference. Raises ModelError when the context's model cannot be used."""
        path = resolve(context.model)
        return cls(make_learner(path, config, context), load_tokenizer(path), context)

    async def update(self, collection: Sequence[Trajectory]) -> UpdateReport:
        report = await self._run(lambda: self.learner.learn(collection, self._seed("order", self.version)))
        self.version += 1
        return report

    def publish(self, scheme: str) -> AbstractAsyncContextManager[Weights]:
        return self._publish(scheme)

    async def save(self, directory: Path) -> None:
        await self._run(lambda: save(directory, self.learner, self._tokenizer, {"version": self.version}))

    async def restore(self, directory: Path) -> None:
        self.version = (await self._run(lambda: restore(directory, self.learner)))["version"]

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
        learner = self.learner
        for module in (learner.policy.model, learner.critic, learner.reference.model):
            module.to(device)
        for stepper in (learner.policy_stepper, learner.critic_stepper):
            stepper.move(device)
        if self._device.type == "cuda":
            torch.cuda.empty_cache()

    async def _run(self, work: Callable[[], ResultT]) -> ResultT:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)


def make_learner(path: str, config: PpoConfig, context: Context) -> Learner:
    """Return a learner over three copies of a resolved path's weights: the policy, the critic's body, the frozen reference."""
    device, dtype = choose_device(context.devices), DTYPES[config.dtype]

    def load() -> PreTrainedModel:
        return load_model(path, torch.float32, device)

    policy, critic = load(), Critic(load(), dtype, context.seed("critic"))
    reference = load().requires_grad_(False)
    actors = [Actor(model, dtype, config.logprob_chunk_tokens) for model in (policy, reference)]
    if config.gradient_checkpointing:
        _checkpoint_activations(policy, critic.backbone)

    def stepper(module: nn.Module, rate: float) -> Stepper:
        return Stepper(module, rate, config.warmup_updates, config.weight_decay, config.max_gradient_norm)

    return Learner(
        policy=actors[0],
        critic=critic,
        reference=actors[1],
        policy_stepper=stepper(policy, config.learning_rate),
        critic_stepper=stepper(critic, config.critic_learning_rate or config.learning_rate),
        config=config,
        sequences_per_update=context.sequences_per_update,
    )


def _checkpoint_activations(*models: PreTrainedModel) -> None:
    for model in models:
        model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
        model.train()  # transformers checkpoints in training mode only; dropout is off all the same
