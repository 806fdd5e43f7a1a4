"""Play the episodes of a collection, many at once, and score them."""

import asyncio
from collections import Counter
from collections.abc import Coroutine, Iterator, Sequence
from typing import Any, TypeVar

from attrs import evolve, frozen

from rlef_core.errors import ComponentError, Origin, TooManyFaults, boundary
from rlef_core.records import Episode, EpisodeId, FaultedEpisode, Task, Trajectory
from rlef_core.roles import BatchPolicy, RewardFunction
from rlef_core.rollout.episode import EpisodeFault, Player
from rlef_core.rollout.lockstep import Lockstep

T = TypeVar("T")


@frozen
class Scorer:
    """The spec's reward functions, summed with their weights."""

    functions: tuple[tuple[RewardFunction, Origin, float], ...]

    async def score(self, episode: Episode) -> tuple[float, ...]:
        """One reward a turn. Raises ComponentError when a function fails or returns another number of rewards."""
        total = [0.0] * len(episode.turns)
        for function, origin, weight in self.functions:
            with boundary(origin, "rewards"):
                rewards = await function.rewards(episode)
                if len(rewards) != len(total):
                    raise ValueError(f"returned {len(rewards)} rewards for an episode of {len(total)} turns, expected one a turn")
            total = [sum_ + weight * reward for sum_, reward in zip(total, rewards, strict=True)]
        return tuple(total)


@frozen
class Collection:
    """The episodes of one round in the order they were started, their rewards, and the ones that faulted."""

    number: int
    episodes: tuple[Episode, ...]
    rewards: tuple[tuple[float, ...], ...]
    faulted: tuple[FaultedEpisode, ...]
    position: int = 0
    """Where the stream of tasks stood after this collection was drawn."""

    @property
    def trajectories(self) -> tuple[Trajectory, ...]:
        """The episodes as arrays; faulted ones are not among them."""
        return tuple(Trajectory.from_episode(episode, rewards) for episode, rewards in zip(self.episodes, self.rewards, strict=True))


async def play_collection(player: Player, scorer: Scorer, purpose: str, number: int, tasks: Sequence[Task], repeats: int = 1) -> Collection:
    """Play every task `repeats` times, at most `rollout.concurrency` episodes at once; a task that stands there twice gets twice as many.

    Raises TooManyFaults, which names the component, as soon as more than `rollout.max_fault_share` of the episodes have faulted.
    """
    ids = list(_ids(purpose, number, tasks, repeats))
    player = _in_step(player, [id for id, _ in ids])
    allowed = player.settings.max_fault_share * len(ids)
    gate = asyncio.Semaphore(player.settings.concurrency)
    faults: list[FaultedEpisode] = []

    async def one(id: EpisodeId, task: Task) -> tuple[Episode, tuple[float, ...]] | None:
        async with gate:
            try:
                episode = await player.play(id, task)
            except EpisodeFault as fault:
                player.tally.faults += 1
                faults.append(FaultedEpisode(id, str(fault.cause.origin), str(fault.cause)))
                if len(faults) > allowed:
                    raise _too_many(len(faults), len(ids), fault.cause) from fault
                return None
        player.tally.episodes += 1
        player.tally.solved += episode.solved
        return episode, await scorer.score(episode)

    async def counted(id: EpisodeId, task: Task) -> tuple[Episode, tuple[float, ...]] | None:
        outcome = await one(id, task)
        if player.lockstep is not None:
            await player.lockstep.ended()
        return outcome

    played = await together([counted(id, task) for id, task in ids])
    kept = [outcome for outcome in played if outcome is not None]
    if not kept:
        raise TooManyFaults(f"all {len(ids)} episodes faulted; the last: {faults[-1].reason}; mend it: there is nothing to learn from")
    return Collection(number, tuple(episode for episode, _ in kept), tuple(rewards for _, rewards in kept), tuple(faults))


def _in_step(player: Player, ids: Sequence[EpisodeId]) -> Player:
    if not player.settings.deterministic or not isinstance(player.policy, BatchPolicy):
        return player
    return evolve(player, lockstep=Lockstep(player.policy, ids, player.settings.concurrency))


async def together(work: Sequence[Coroutine[Any, Any, T]]) -> list[T]:
    """Run everything at once and return the results in order; the first failure cancels the rest and is raised as it is."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one) for one in work]
    except BaseExceptionGroup as failures:
        failure = failures.exceptions[0]
    else:
        return [task.result() for task in tasks]
    raise failure  # outside of the block above, so that it keeps its own cause


def _ids(purpose: str, number: int, tasks: Sequence[Task], repeats: int) -> Iterator[tuple[EpisodeId, Task]]:
    seen: Counter[str] = Counter()
    for task in tasks:
        for _ in range(repeats):
            yield EpisodeId(purpose, number, task.problem.id, seen[task.problem.id]), task
            seen[task.problem.id] += 1


def _too_many(faults: int, episodes: int, cause: ComponentError) -> TooManyFaults:
    return TooManyFaults(
        f"{faults} of {episodes} episodes faulted, more than rollout.max_fault_share allows; the last: {cause}; mend it or raise the share"
    )
