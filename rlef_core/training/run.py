"""One run: its parts, its state, and what each step of the loop does to the run's directory."""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path

from attrs import asdict, define, evolve, field

from rlef_core.errors import ComponentError, TrainingDiverged, UsageError, boundary
from rlef_core.evaluation.evaluate import Evaluation, Result, evaluate, evaluate_single_turn
from rlef_core.records import Rejected, RunState, Trajectory, UpdateReport
from rlef_core.roles import WarmStart
from rlef_core.rollout.collections import Collection
from rlef_core.rollout.episode import Player
from rlef_core.spec import Plan, resumable
from rlef_core.timeline import Timeline
from rlef_core.training.checkpoints import Checkpoints
from rlef_core.training.codec import dump_episode
from rlef_core.training.events import Events
from rlef_core.training.guards import Lookout
from rlef_core.training.journal import Journals, read_journal
from rlef_core.training.parts import Parts
from rlef_core.training.sources import Source, source_of
from rlef_core.training.stopping import Stopper
from rlef_core.training.unused import read_unused, write_unused


@define
class Run:
    """What the loop works on. `state` moves only in `record`, so that it always fits the optimizer's weights and the journals."""

    parts: Parts
    journals: Journals
    checkpoints: Checkpoints
    events: Events
    stopper: Stopper
    say: Callable[[str], None]
    state: RunState = RunState()
    before: RunState | None = None
    """The state before the last collection; None until one was learnt from."""
    saved: RunState | None = None
    """The state that the newest checkpoint holds."""
    results: dict[str, Result] = field(factory=dict)
    rejected: set[str] = field(factory=set)
    began_at: tuple[float, int] = (0.0, 0)
    """When this process began to collect (seconds of the monotonic clock), and after how many updates."""
    round: tuple[float, float] = (0.0, 0.0)
    """When the newest collection began, and for how long there had been work before (`Timeline.busy`)."""
    lines: Sequence[str] = ()
    """The newest collection's episodes as their journal holds them."""
    lookout: Lookout = field(init=False)
    source: Source = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.lookout = Lookout(self.plan.training.guards)
        self.source = source_of(self.parts, self._count_rejected)

    @property
    def plan(self) -> Plan:
        return self.parts.plan

    @property
    def directory(self) -> Path:
        return self.plan.run.directory

    @property
    def timeline(self) -> Timeline:
        return self.parts.builder.timeline

    @property
    def is_new(self) -> bool:
        """Nothing was learnt yet."""
        return self.state.updates == 0

    async def collections(self) -> AsyncIterator[Collection]:
        """Collections in order, played or recorded by another run, until the last update.

        Raises Interrupted when the user asks to stop.
        """
        self.began_at = (time.monotonic(), self.state.updates)
        while self.state.updates < self.plan.training.updates:
            self.round = time.monotonic(), self.timeline.busy()
            if not self.parts.recorded:
                await self.parts.sharing.play()
            yield await self.stopper.unless_stopped(self.source.next(self.state))

    async def learn(self, collection: Collection) -> UpdateReport:
        """All updates of a collection. Raises TrainingDiverged when the optimizer does, Interrupted before it begins."""
        self.stopper.check()
        self.parts.tally.begin(f"learning from collection {collection.number + 1}", 0)
        await self.parts.sharing.learn()
        started = time.monotonic()
        with boundary(self.plan.policy.origin, "act"):
            trajectories = collection.trajectories
        with self.timeline.span("update"):
            # the journal's lines are made meanwhile: nothing would work while `record` made them
            report, self.lines = await asyncio.gather(self._update(trajectories), asyncio.to_thread(_lines, collection))
        self.parts.meter.add("optimizer/seconds", time.monotonic() - started)
        return report

    async def _update(self, trajectories: Sequence[Trajectory]) -> UpdateReport:
        try:
            with boundary(self.plan.optimizer.origin, "update"):
                return await self.parts.optimizer.update(trajectories)
        except ComponentError as error:
            if isinstance(error.__cause__, TrainingDiverged):
                raise TrainingDiverged(f"{error}; {self._way_back()}") from error
            raise

    async def publish(self) -> None:
        """Hand the optimizer's current weights to the policy."""
        started, moved = time.monotonic(), self.parts.sharing.seconds
        with self.timeline.span("publish"):
            version = await self.parts.sharing.publish()
        self.state = evolve(self.state, version=version)
        self.parts.meter.add("optimizer/publish_seconds", time.monotonic() - started - (self.parts.sharing.seconds - moved))

    def record(self, collection: Collection, report: UpdateReport) -> Mapping[str, float]:
        """Write the collection down and move the state past it; returns its metrics."""
        with self.timeline.span("record"):
            return self._record(collection, report)

    def _record(self, collection: Collection, report: UpdateReport) -> Mapping[str, float]:
        began, busy = self.round
        seconds = max(time.monotonic() - began, 1e-9)
        self.parts.meter.add("loop/seconds", seconds)
        self.parts.meter.add("loop/idle_share", max(0.0, 1 - (self.timeline.busy() - busy) / seconds))
        self._write_episodes(collection, self.lines)
        for name, value in report.metrics.items():
            self.parts.meter.add(name, value)
        figures = self.parts.meter.drain()
        self.before = self.state
        self.state = evolve(
            self.state,
            collection=collection.number + 1,
            position=collection.position,
            updates=self.state.updates + report.updates,
            episodes=self.state.episodes + len(collection.episodes),
            tokens=self.state.tokens + int(figures["rollout/tokens"]),
            faults=self.state.faults + len(collection.faulted),
        )
        self.journals.write("metrics.jsonl", {"collection": collection.number, "updates": self.state.updates, "metrics": figures})
        self.journals.flush()
        self.source.move(self.state)
        self.events.emit("rlef_update_finished", collection=collection.number, report=report, metrics=figures)
        self.say(f"{_line(figures, self.state, self.plan.training.updates)}, {self._left()}")
        return figures

    def guard(self, figures: Mapping[str, float]) -> None:
        """Say once what each guard finds. Raises TrainingDiverged for one that stops, before a checkpoint is saved over a good one."""
        trips = self.lookout.look(figures)
        for trip in trips:
            if not trip.again and not trip.stops:
                self.say(f"warning: guard {trip.guard}: {trip.found}")
        fatal = [f"guard {trip.guard}: {trip.found}" for trip in trips if trip.stops]
        if fatal:
            raise TrainingDiverged(f"stopped after collection {self.state.collection}: {'; '.join(fatal)}; {self._way_back()}")

    def _way_back(self) -> str:
        keys = (key for key in resumable(self.plan.spec) if key.startswith("optimizer."))
        return self.checkpoints.way_back(next(keys, "KEY"))

    def _left(self) -> str:
        done = self.state.updates - self.began_at[1]
        seconds = (time.monotonic() - self.began_at[0]) / done * (self.plan.training.updates - self.state.updates)
        return f"{max(seconds, 0.0) / 60:.1f} min left"

    def due(self, every: int | None) -> bool:
        """A multiple of `every` updates was reached by the last collection."""
        before = self.before.updates if self.before else 0
        return every is not None and self.state.updates // every > before // every

    async def checkpoint(self) -> None:
        """Save a checkpoint, unless the newest one holds this state already."""
        if self.saved == self.state:
            return

        async def write(folder: Path) -> None:
            with boundary(self.plan.optimizer.origin, "save"):
                await self.parts.optimizer.save(folder)

        async def write_more(folder: Path) -> None:
            await asyncio.to_thread(write_unused, folder, self.source.unused())

        with self.timeline.span("checkpoint"):
            await self.parts.sharing.wake_optimizer()
            lengths, healthy = self.journals.lengths(), self.lookout.quiet
            folder, checkpoint = await self.checkpoints.save(self.state, lengths, write, write_more, healthy=healthy)
        self.saved, self.lookout.quiet = self.state, True
        self.events.emit("rlef_checkpoint_saved", directory=folder, checkpoint=checkpoint)

    async def start_from(self, folder: Path) -> None:
        """Begin with the weights that another run's optimizer saved. Raises UsageError when the optimizer cannot."""
        if not isinstance(self.parts.optimizer, WarmStart):
            raise UsageError(f"{self.plan.optimizer.origin} cannot begin with another run's weights, expected no run.init_from with it")
        with boundary(self.plan.optimizer.origin, "start_from"):
            await self.parts.optimizer.start_from(folder)
        self.say(f"begins with the weights of {folder}")

    async def restore(self, folder: Path, state: RunState) -> None:
        """Take up the state of a checkpoint, and the metrics of the collections before it."""
        with boundary(self.plan.optimizer.origin, "restore"):
            await self.parts.optimizer.restore(folder / "optimizer")
        self.lookout.recall(record["metrics"] for record in read_journal(self.directory / "metrics.jsonl"))
        self.source.take_up(read_unused(folder))
        self.state = self.before = self.saved = state

    async def close(self) -> None:
        """End what is played in the background."""
        await self.source.close()

    async def evaluate(self, name: str) -> None:
        """Measure the policy as it is trained, if the plan says so."""
        await self._measure(name, evaluate, self.parts.player)

    async def evaluate_if_due(self) -> None:
        """Measure the policy under the name of the newest multiple of `evaluation.every`, unless that was done; not at the end."""
        every = self.plan.evaluation.every if self.plan.evaluation else None
        if not every or not every <= self.state.updates < self.plan.training.updates:
            return
        name = f"update-{self.state.updates // every * every}"
        if name not in self.results:
            await self.evaluate(name)

    async def evaluate_variants(self, name: str) -> None:
        """Measure the policy with other feedback and with independent first answers, as the plan says."""
        for variant, ref in self.plan.evaluation_feedback.items():
            await self._measure(f"{name}_{variant}", evaluate, self.parts.with_feedback(ref))
        if self.plan.evaluation is not None and self.plan.evaluation.single_turn:
            await self._measure(f"{name}_single_turn", evaluate_single_turn, self.parts.player)

    async def _measure(self, name: str, how: Evaluation, player: Player) -> None:
        block = self.plan.evaluation
        if block is None:
            return
        usual = player.settings
        settings = evolve(usual, sampling=block.sampling or usual.sampling, turn_limit=block.turn_limit or usual.turn_limit)
        player = evolve(player, settings=settings, slots=self.source.slots)
        stream = self.parts.tasks("evaluation")
        tasks = stream.draw(block.episodes)
        self._count_rejected(stream.take_rejected())
        await self.parts.sharing.play()
        with self.timeline.span("evaluate"), self.source.held():
            rates, collection = await self.stopper.unless_stopped(how(player, tasks, name))
        result = {**rates, "tasks": len({task.problem.id for task in tasks}), "faults": len(collection.faulted)}
        self._write_episodes(collection, _lines(collection))
        self.results[name] = result
        self.journals.write("evaluations.jsonl", {"name": name, "updates": self.state.updates, "result": result})
        self.journals.flush()
        self.parts.meter.drain()
        self.events.emit("rlef_evaluation_finished", name=name, result=result)
        self.say(f"{name}: solve rate {result['solve_rate']:.3f} of {result['episodes']} episodes")

    def _count_rejected(self, rejected: Sequence[Rejected]) -> None:
        self.parts.meter.add("tasks/rejected", len(rejected))
        for row in {row.row: row for row in rejected if row.row not in self.rejected}.values():
            self.rejected.add(row.row)
            self.say(f"rejected task {row.row!r}: {row.reason}")

    def _write_episodes(self, collection: Collection, lines: Sequence[str]) -> None:
        for episode, rewards, line in zip(collection.episodes, collection.rewards, lines, strict=True):
            self.journals.write(f"episodes/{episode.id.purpose}.jsonl", line)
            self.events.emit("rlef_episode_finished", episode=episode, rewards=rewards)
        for fault in collection.faulted:
            self.journals.write("faults.jsonl", asdict(fault))
            self.say(f"fault: episode {fault.id}: {fault.reason}")


def _lines(collection: Collection) -> list[str]:
    return [dump_episode(episode, rewards) for episode, rewards in zip(collection.episodes, collection.rewards, strict=True)]


def _line(figures: Mapping[str, float], state: RunState, updates: int) -> str:
    return (
        f"collection {state.collection}: updates {state.updates}/{updates}, solve rate {figures.get('rollout/solve_rate', math.nan):.3f}, "
        f"turns {figures.get('rollout/turns', math.nan):.2f}, {figures['rollout/tokens_per_second']:.0f} tokens/s, "
        f"{figures['rollout/programs_per_second']:.0f} programs/s, {figures['loop/seconds']:.1f} s"
    )
