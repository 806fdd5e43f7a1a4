"""Play the episodes of a collection, many at once, and score them."""

import asyncio
from collections import Counter
from collections.abc import Coroutine, Iterable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, TypeAlias, TypeVar

from attrs import evolve, frozen

from rlef_core.errors import CheckpointError, ComponentError, Origin, TooManyFaults, boundary
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

    @property
    def programs(self) -> int:
        """How many programs were judged in its episodes; one is judged on the public cases, and once more on the private ones."""
        public = sum(turn.execution is not None for each in self.episodes if each.problem.public_cases for turn in each.turns)
        return public + sum(episode.private is not None for episode in self.episodes)


Scored: TypeAlias = tuple[Episode, tuple[float, ...]]
"""An episode and its rewards, one a turn."""


class OpenCollection:
    """A collection in play. `episodes` are all that it will consist of, with their tasks, in the order in which they are started."""

    def __init__(self, player: Player, scorer: Scorer, purpose: str, number: int, tasks: Sequence[Task], repeats: int = 1) -> None:
        self.number = number
        self.tally = player.tally
        self.episodes = tuple(_ids(purpose, number, tasks, repeats))
        self.scored: dict[EpisodeId, Scored] = {}
        self.faulted: list[FaultedEpisode] = []
        self._player = _in_step(player, [id for id, _ in self.episodes])
        self._scorer = scorer

    @property
    def missing(self) -> list[tuple[EpisodeId, Task]]:
        """The episodes that have not ended."""
        ended = {*self.scored, *(fault.id for fault in self.faulted)}
        return [(id, task) for id, task in self.episodes if id not in ended]

    @property
    def complete(self) -> bool:
        """Every episode has ended."""
        return len(self.scored) + len(self.faulted) == len(self.episodes)

    def take_up(self, scored: Iterable[Scored], faulted: Sequence[FaultedEpisode]) -> None:
        """Begin with what ended before. Raises CheckpointError for an episode that does not belong here."""
        ended = {each[0].id: each for each in scored}
        odd = {*ended, *(fault.id for fault in faulted)} - {id for id, _ in self.episodes}
        if odd:
            found = f"the checkpoint holds episode {min(odd)}, for which no task was drawn now"
            raise CheckpointError(f"{found}: the tasks have changed since, expected the same; put them back")
        self.scored |= ended
        self.faulted += faulted
        self.tally.episodes, self.tally.faults = len(ended), len(faulted)
        self.tally.solved = sum(episode.solved for episode, _ in ended.values())

    async def play(self, id: EpisodeId, task: Task, slot: AbstractAsyncContextManager[None]) -> None:
        """Play one episode inside of `slot` and score it after.

        Raises TooManyFaults, which names the component, when more than `rollout.max_fault_share` of the episodes have faulted by then.
        """
        async with slot:
            episode = await self._play(id, task)
        if episode is not None:
            self.tally.episodes += 1
            self.tally.solved += episode.solved
            self.scored[id] = episode, await self._scorer.score(episode)
        if self._player.lockstep is not None:
            await self._player.lockstep.ended()

    async def _play(self, id: EpisodeId, task: Task) -> Episode | None:
        try:
            return await self._player.play(id, task)
        except EpisodeFault as fault:
            self.tally.faults += 1
            self.faulted.append(FaultedEpisode(id, str(fault.cause.origin), str(fault.cause)))
            if len(self.faulted) > self._player.settings.max_fault_share * len(self.episodes):
                raise _too_many(len(self.faulted), len(self.episodes), fault.cause) from fault
            return None

    def closed(self) -> Collection:
        """What was played. Raises TooManyFaults where nothing is left to learn from."""
        kept = [self.scored[id] for id, _ in self.episodes if id in self.scored]
        if not kept:
            last = self.faulted[-1].reason
            raise TooManyFaults(f"all {len(self.episodes)} episodes faulted; the last: {last}; mend it: there is nothing to learn from")
        episodes, rewards = zip(*kept, strict=True)
        return Collection(self.number, episodes, rewards, tuple(self.faulted))


async def play_collection(player: Player, scorer: Scorer, purpose: str, number: int, tasks: Sequence[Task], repeats: int = 1) -> Collection:
    """Play every task `repeats` times, at most `rollout.concurrency` episodes at once; a task that stands there twice gets twice as many.

    Raises TooManyFaults, which names the component, as soon as more than `rollout.max_fault_share` of the episodes have faulted.
    """
    opened = OpenCollection(player, scorer, purpose, number, tasks, repeats)
    slots = player.slots or asyncio.Semaphore(player.settings.concurrency)
    await together([opened.play(id, task, slots) for id, task in opened.episodes])
    return opened.closed()


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
