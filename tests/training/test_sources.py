"""Collections that are played ahead are those that would be played in turn: none too early, none lost, none twice, in order."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from attrs import define, evolve, field, frozen
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rlef_core import CheckpointError, ComponentError, EpisodeId, PluginError, RunState, TooManyFaults, Weights
from rlef_core.rollout.collections import Collection, play_collection
from rlef_core.training.parts import Parts, open_parts
from rlef_core.training.sources import PlayedAhead
from rlef_core.training.unused import read_unused, write_unused

Plans = Callable[..., tuple[Any, Any]]
COLLECTIONS, SIZE = 5, 4
NO_PROGRAM = "policy={use: pausing, answers: [no code here]}"


@define
class Loop:
    """A run's loop around a source: what happened, in order."""

    parts: Parts
    source: PlayedAhead = field(init=False)
    state: RunState = RunState()
    consumed: list[Collection] = field(factory=list)

    def __attrs_post_init__(self) -> None:
        self.source = PlayedAhead(self.parts, lambda rejected: None)

    @property
    def log(self) -> list[tuple[str, Any]]:
        """Which conversations the policy `slow` opened and closed, and what the loop did between."""
        return self.parts.policy.log

    async def publish(self) -> None:
        await self.parts.policy.load(Weights(self.state.version, "unchanged"))
        self.log.append(("publish", self.state.version))

    async def round(self, update: int = 0) -> Collection:
        """Take a collection, learn from it for so many turns of the event loop, publish."""
        collection = await self.source.next(self.state)
        self.log.append(("learn", collection.number))
        for _ in range(update):
            await asyncio.sleep(0)
        count = collection.number + 1
        self.state = evolve(self.state, collection=count, version=count, updates=2 * count, position=collection.position)
        await self.publish()
        self.source.move(self.state)
        self.consumed.append(collection)
        return collection

    def started(self) -> list[EpisodeId]:
        return [id for what, id in self.log if what == "start"]


@asynccontextmanager
async def loop_of(plan_of: Plans, directory: Path, *overrides: str) -> AsyncIterator[Loop]:
    sizes = [f"training.updates={2 * COLLECTIONS}", f"training.episodes_per_collection={SIZE}", "training.sequences_per_update=2"]
    plan, registry = plan_of(NO_PROGRAM, "rollout.turn_limit=2", *sizes, "training.max_staleness=1", *overrides)
    async with open_parts(plan, registry, directory) as parts:
        loop = Loop(parts)
        await loop.publish()
        try:
            yield loop
        finally:
            await loop.source.close()


@frozen
class Scene:
    """How a run goes: its settings, how long each update takes in turns of the event loop, and after which it is killed and resumed."""

    staleness: int
    concurrency: int
    updates: tuple[int, ...]
    faulty: tuple[str, ...]
    cut: int

    def overrides(self) -> list[str]:
        sets = [f"training.max_staleness={self.staleness}", f"rollout.concurrency={self.concurrency}", "rollout.retries=0"]
        return [*sets, "rollout.max_fault_share=1", f"policy.faulty=[{', '.join(self.faulty)}]"]


SCENES = st.builds(
    Scene,
    st.integers(1, 6),
    st.integers(1, 9),
    st.tuples(*[st.integers(0, 60)] * COLLECTIONS),
    st.lists(st.integers(0, 11).map(lambda number: f"add-{number}"), max_size=2, unique=True).map(tuple),
    st.integers(0, COLLECTIONS - 1),
)


async def played_in_turn(plan_of: Plans, directory: Path, scene: Scene) -> list[EpisodeId]:
    async with loop_of(plan_of, directory, *scene.overrides()) as loop:
        stream, ids = loop.parts.tasks("train"), []
        for number in range(COLLECTIONS):
            collection = await play_collection(loop.parts.player, loop.parts.scorer, "train", number, stream.draw(SIZE))
            ids += sorted(ended(collection))
        return ids


def ended(collection: Collection) -> list[EpisodeId]:
    return [*(episode.id for episode in collection.episodes), *(fault.id for fault in collection.faulted)]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(SCENES)
def test_with_any_staleness_the_same_episodes_are_learnt_from_in_order_and_none_starts_too_early(plan_of: Plans, scene: Scene) -> None:
    async def run(directory: Path) -> None:
        async with loop_of(plan_of, directory, *scene.overrides()) as loop:
            for update in scene.updates:
                await loop.round(update)
        check(loop, scene)
        assert [id for each in loop.consumed for id in sorted(ended(each))] == await played_in_turn(plan_of, directory, scene)

    with TemporaryDirectory() as folder:
        asyncio.run(run(Path(folder)))


def check(loop: Loop, scene: Scene) -> None:
    published, now, most = 0, 0, 0
    for what, which in loop.log:
        if what == "publish":
            published = which
        elif what == "start":
            assert which.collection <= published + scene.staleness, "it started too early"
            now, most = now + 1, max(most, now + 1)
        elif what == "end":
            now -= 1
    assert (now, most <= scene.concurrency) == (0, True)
    numbers = [id.collection for id in loop.started()]
    assert numbers == sorted(numbers)
    assert set(numbers) == set(range(COLLECTIONS)), "nothing is played that nobody learns from"
    assert [each.number for each in loop.consumed] == list(range(COLLECTIONS))
    for each in loop.consumed:
        spans = [span for episode in each.episodes for turn in episode.turns for span in turn.action.spans]
        assert all(0 <= each.number - span.version <= scene.staleness for span in spans)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(SCENES)
def test_what_had_ended_at_a_checkpoint_is_taken_up_and_only_the_rest_is_played(plan_of: Plans, scene: Scene) -> None:
    async def run(directory: Path) -> None:
        async with loop_of(plan_of, directory, *scene.overrides()) as before:
            for update in scene.updates[: scene.cut]:
                await before.round(update)
            unused = before.source.unused()
            write_unused(directory, unused)
        kept = {id for each in unused for id in (*each.scored, *(fault.id for fault in each.faulted))}
        async with loop_of(plan_of, directory, *scene.overrides()) as after:
            after.state = before.state
            after.source.take_up(read_unused(directory))
            assert sorted(each.number for each in after.source.unused()) == sorted(each.number for each in unused)
            await after.publish()
            for update in scene.updates[scene.cut :]:
                await after.round(update)
        assert not kept & set(after.started())
        learnt = [id for each in (*before.consumed, *after.consumed) for id in sorted(ended(each))]
        assert learnt == await played_in_turn(plan_of, directory, scene)
        taken = {episode.id: episode for each in after.consumed for episode in each.episodes}
        for each in unused:
            assert all(taken[id] == episode for id, (episode, _) in each.scored.items())

    with TemporaryDirectory() as folder:
        asyncio.run(run(Path(folder)))


async def test_a_checkpoint_keeps_what_a_resumed_run_has_not_drawn_yet(plan_of: Plans, tmp_path: Path) -> None:
    async with loop_of(plan_of, tmp_path, "training.max_staleness=4") as before:
        await before.round(update=200)
        kept = before.source.unused()
    assert [len(each.scored) for each in kept] == [SIZE] * 4
    async with loop_of(plan_of, tmp_path, "training.max_staleness=4") as after:
        after.state = before.state
        after.source.take_up({each.number: each for each in kept})
        await after.round()
        assert after.parts.meter.drain()["rollout/seconds"] >= kept[0].seconds
        assert [each.number for each in after.source.unused()] == [2, 3, 4]
        assert after.started() == []


async def test_a_collection_whose_episodes_wait_for_a_slot_has_taken_no_time_yet(plan_of: Plans, tmp_path: Path) -> None:
    async with loop_of(plan_of, tmp_path, "rollout.concurrency=4") as loop:
        waiting = asyncio.create_task(loop.source.next(loop.state))
        for _ in range(4):  # all slots are taken, though
            await loop.source.slots.acquire()
        await asyncio.sleep(0.05)
        (begun,) = loop.source.unused()
        assert (begun.number, begun.scored, begun.seconds < 0.001) == (0, {}, True)
        for _ in range(4):
            loop.source.slots.release()
        await waiting


async def test_an_episode_of_other_tasks_is_refused(plan_of: Plans, tmp_path: Path) -> None:
    async with loop_of(plan_of, tmp_path) as before:
        await before.round(update=200)
        kept = {each.number: each for each in before.source.unused()}
    async with loop_of(plan_of, tmp_path, "run.seed=4") as after:
        after.state = before.state
        after.source.take_up(kept)
        with pytest.raises(CheckpointError, match=r"the checkpoint holds episode train/1/add-.*, for which no task was drawn now"):
            await after.round()


async def test_staleness_is_measured_token_by_token(plan_of: Plans, tmp_path: Path) -> None:
    async with loop_of(plan_of, tmp_path, "training.max_staleness=2", "rollout.concurrency=64") as loop:
        told = []
        for _ in range(3):
            await loop.round(update=200)
            figures = loop.parts.meter.drain()
            told.append((figures["rollout/staleness"], figures["rollout/staleness_max"]))
    assert told == [(0.0, 0.0), (1.0, 1.0), (2.0, 2.0)], "all were played by the first weights"


async def test_no_episode_starts_while_something_is_measured_and_those_under_way_share_the_slots(plan_of: Plans, tmp_path: Path) -> None:
    async with loop_of(plan_of, tmp_path, "rollout.concurrency=3", "policy.pause=0.01", "training.max_staleness=4") as loop:
        await loop.round()
        with loop.source.held():
            await asyncio.sleep(0)  # who has a slot begins
            under_way = len(loop.started())
            player = evolve(loop.parts.player, slots=loop.source.slots)
            await play_collection(player, loop.parts.scorer, "base", 0, loop.parts.tasks("train").draw(6))
            measured = [id.purpose for id in loop.started()[under_way:]]
        assert measured == ["base"] * 6
        await loop.round()
    check_slots(loop.log, 3)


def check_slots(log: Sequence[tuple[str, Any]], slots: int) -> None:
    now = 0
    for what, _ in log:
        now += {"start": 1, "end": -1}.get(what, 0)
        assert now <= slots


@pytest.mark.parametrize(
    ("override", "error", "match"),
    [
        ("feedback={use: speechless}", ComponentError, "no words"),
        ("policy.faulty=[add-0, add-1, add-2, add-3, add-4, add-5, add-6, add-7]", TooManyFaults, "it was lost"),
        ("tasks.train.checker=tokns", PluginError, "tokns"),
    ],
)
async def test_what_ends_an_episode_ends_all_and_is_raised_when_the_next_collection_is_asked_for(
    plan_of: Plans, tmp_path: Path, override: str, error: type[Exception], match: str
) -> None:
    async with loop_of(plan_of, tmp_path, override, "rollout.max_fault_share=0.5") as loop:
        for _ in range(2):
            with pytest.raises(error, match=match):
                await all_rounds(loop)
    check_slots(loop.log, 8)
    assert len([1 for what, _ in loop.log if what == "start"]) == len([1 for what, _ in loop.log if what == "end"])


async def all_rounds(loop: Loop) -> None:
    while loop.state.updates < 2 * COLLECTIONS:
        await loop.round()


@pytest.mark.parametrize("override", ["rewards=[{use: stingy}]", "policy.faulty=[add-0, add-1, add-2, add-3, add-4, add-5, add-6, add-7]"])
async def test_a_failure_lets_go_of_every_slot_so_that_what_is_measured_then_does_not_wait(
    plan_of: Plans, tmp_path: Path, override: str
) -> None:
    async with loop_of(plan_of, tmp_path, override, "rollout.concurrency=1", "rollout.max_fault_share=0.4") as loop:
        with pytest.raises((ComponentError, TooManyFaults)):
            await all_rounds(loop)
        with loop.source.held():
            await asyncio.wait_for(loop.source.slots.acquire(), timeout=20)


async def test_closing_lets_go_of_every_conversation_and_leaves_no_task(plan_of: Plans, tmp_path: Path) -> None:
    async with loop_of(plan_of, tmp_path, "policy.pause=30") as loop:
        waiting = asyncio.create_task(loop.source.next(loop.state))
        while len(loop.started()) < SIZE:
            await asyncio.sleep(0.01)
        waiting.cancel()
        await asyncio.wait([waiting])
        assert len(loop.log) == 1 + 2 * SIZE, "the wait was cancelled, not the play"
        await loop.source.close()
        assert sorted(id for what, id in loop.log if what == "end") == sorted(loop.started())
        assert asyncio.all_tasks() == {asyncio.current_task()}
