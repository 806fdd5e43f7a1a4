"""A plugin for proofs about wall time: a policy and an optimizer that do nothing but wait, so that how long engines take is known."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from random import Random

from attrs import frozen

from rlef_core import (
    Action,
    Component,
    Conversation,
    EpisodeId,
    Message,
    Offer,
    Optimizer,
    Policy,
    Sampling,
    Trajectory,
    UpdateReport,
    component,
    hookimpl,
    setting,
)
from rlef_core.builtin.dry_run import METRICS, DryRun
from rlef_core.builtin.scripted.policy import ScriptedPolicy

SPREAD = 0.5
"""An answer takes up to this share less or more than the mean, by its seed."""


@frozen
class WaitingConfig:
    """How long it waits."""

    seconds: float = setting(help="mean seconds of an answer, or seconds of a collection's updates")


class WaitingPolicy(ScriptedPolicy):
    """Answers without a program after a while; answers under way do not slow one another."""

    def __init__(self, seconds: float) -> None:
        super().__init__(("no program",), {}, None)
        self._seconds = seconds

    @asynccontextmanager
    async def open(self, episode: EpisodeId) -> AsyncIterator[Conversation]:
        async with super().open(episode) as conversation:
            yield WaitingConversation(conversation, self._seconds)


@frozen
class WaitingConversation:
    """One episode's side of it."""

    conversation: Conversation
    seconds: float

    async def act(self, messages: Sequence[Message], sampling: Sampling) -> Action:
        await asyncio.sleep(self.seconds * Random(sampling.seed).uniform(1 - SPREAD, 1 + SPREAD))
        return await self.conversation.act(messages, sampling)


class WaitingOptimizer(DryRun):
    """Learns nothing for a while."""

    def __init__(self, seconds: float, sequences_per_update: int) -> None:
        super().__init__(sequences_per_update)
        self._seconds = seconds

    async def update(self, collection: Sequence[Trajectory]) -> UpdateReport:
        await asyncio.sleep(self._seconds)
        return await super().update(collection)


@hookimpl
def rlef_register_policies() -> Iterable[Component[Policy]]:
    """Offer the policy."""
    return [
        component(
            name="waiting",
            summary="waits, then answers without a program",
            config=WaitingConfig,
            build=lambda config, context: WaitingPolicy(config.seconds),
            offers=lambda config: Offer(trainable=False),
        )
    ]


@hookimpl
def rlef_register_optimizers() -> Iterable[Component[Optimizer]]:
    """Offer the optimizer."""
    return [
        component(
            name="waiting",
            summary="waits, and learns nothing",
            config=WaitingConfig,
            build=lambda config, context: WaitingOptimizer(config.seconds, context.sequences_per_update),
            offers=lambda config: Offer(weight_schemes=("unchanged",)),
            metrics=METRICS,
        )
    ]
