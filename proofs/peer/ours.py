"""Play and learn from collections with our policy and optimizer, one each time the proof says so."""

import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from attrs import evolve, frozen
from peer.match import Step, Watch, await_word, draw, read_plan, said, tell

from rlef_core import Action, Completed, Conversation, EpisodeId, Executor, Job, Message, Sampling, Task, Tokenizer, Weights
from rlef_core.rollout.collections import play_collection
from rlef_core.rollout.episode import Player
from rlef_core.training.parts import Parts, open_parts
from rlef_torch.policy import TransformersPolicy


def main(steps: int, overrides: Sequence[str]) -> None:
    """Take `steps` steps of the spec with `overrides`."""
    asyncio.run(take(steps, overrides))


async def take(steps: int, overrides: Sequence[str]) -> None:
    """Open the spec's parts and take the steps."""
    plan, registry = read_plan(overrides)
    with tempfile.TemporaryDirectory(prefix="rlef-peer-") as folder:
        async with open_parts(plan, registry, Path(folder)) as parts:
            for number, tasks in enumerate(draw(parts, steps)):
                await_word()
                tell(await step(parts, number, tasks))


async def step(parts: Parts, number: int, tasks: Sequence[Task]) -> Step:
    """Play a collection, learn from it, hand the new weights to the policy."""
    watch = Watch()
    began, cpu = time.perf_counter(), time.process_time()
    repeats = parts.plan.rollout.episodes_per_task
    collection = await play_collection(_watched(parts.player, watch), parts.scorer, "train", number, tasks, repeats)
    with watch.during("update"):
        await parts.optimizer.update(collection.trajectories)
        async with parts.optimizer.publish(parts.plan.scheme) as weights:
            await parts.policy.load(weights)
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    turns = [turn for episode in collection.episodes for turn in episode.turns]
    rewards = [sum(each) for each in collection.rewards]
    return Step(
        seconds=seconds,
        episodes=len(collection.episodes),
        turns=len(turns),
        tokens=sum(len(turn.action.ids) for turn in turns),
        reward=sum(rewards) / len(rewards),
        cpu=cpu,
        **{name: watch.seconds[name] for name in ("generate", "judge", "update")},
    )


def _watched(player: Player, watch: Watch) -> Player:
    assert isinstance(player.policy, TransformersPolicy)  # the spec says so
    judge = evolve(player.judge, executor=WatchedExecutor(player.judge.executor, watch))
    return evolve(player, policy=FixedLength(player.policy, watch), judge=judge)


@frozen
class FixedLength:
    """A policy whose answers go on to `max_tokens` past an end of turn, as the peer's do; watched."""

    policy: TransformersPolicy
    watch: Watch

    @asynccontextmanager
    async def open(self, episode: EpisodeId) -> AsyncIterator[Conversation]:
        async with self.policy.open(episode) as conversation:
            yield FixedLengthConversation(conversation, self.policy.tokenizer, self.watch)

    async def load(self, weights: Weights) -> None:
        await self.policy.load(weights)

    async def suspend(self) -> None:
        await self.policy.suspend()

    async def resume(self) -> None:
        await self.policy.resume()

    async def close(self) -> None:
        await self.policy.close()


@frozen
class FixedLengthConversation:
    """One episode's side of it."""

    conversation: Conversation
    tokenizer: Tokenizer
    watch: Watch

    async def act(self, messages: Sequence[Message], sampling: Sampling) -> Action:
        with self.watch.during("generate"):
            action = await self.conversation.act(messages, evolve(sampling, ignore_end=True))
        return evolve(action, text=said(self.tokenizer, action.ids))


@frozen
class WatchedExecutor:
    """An executor whose work is watched."""

    executor: Executor
    watch: Watch

    async def run(self, job: Job) -> AsyncIterator[Completed]:
        with self.watch.during("judge"):
            async for completed in self.executor.run(job):
                yield completed

    async def close(self) -> None:
        await self.executor.close()


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
