"""A plugin for the core's own tests: tasks that add a number, and components that fail on request."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from attrs import frozen

from rlef_core import (
    CheckerRef,
    Completed,
    Context,
    Conversation,
    EpisodeId,
    Executor,
    ExecutorFault,
    Metric,
    MetricSink,
    Offer,
    PolicyFault,
    Problem,
    Ref,
    Rejected,
    StdioCase,
    Task,
    TrainingDiverged,
    Trajectory,
    UpdateReport,
    Weights,
    component,
    hookimpl,
    setting,
)
from rlef_core.builtin.scripted.policy import ScriptedPolicy

CANARY = "71077345"
RUNS = (Metric("failing/runs", "runs", "runs asked for", total=True),)


@frozen
class AddingConfig:
    count: int = setting(12, help="how many tasks")
    public: bool = setting(True, help="whether tasks have public cases")
    private: bool = setting(True, help="whether tasks have private cases")
    rejected: tuple[int, ...] = setting((), help="numbers that are rejected rows")
    checker: str = setting("tokens", help="the checker of every task")


class Adding:
    """Task N: read a number, print it plus N. Its private cases hold the canary."""

    def __init__(self, config: AddingConfig) -> None:
        self.config = config

    def ids(self, split: str) -> Sequence[str]:
        return [] if split == "empty" else [f"add-{number}" for number in range(self.config.count)]

    def task(self, id: str) -> Task | Rejected:
        number = int(id.split("-")[1])
        if number in self.config.rejected:
            return Rejected(id, "it is on the list")
        public = (StdioCase("1", str(1 + number)), StdioCase("5", str(5 + number))) if self.config.public else ()
        private = (StdioCase(CANARY, str(int(CANARY) + number)),) if self.config.private else ()
        problem = Problem(id, f"Print the input plus {number}.", "python", public)
        return Task(problem, private, checker=CheckerRef(self.config.checker), reference=f"print(int(input()) + {number})")


@frozen
class FailingConfig:
    executor: Ref[Executor] = setting(help="the executor that works")
    fail_first: int = setting(0, help="runs that fault before any works")
    fail_every: int = setting(0, help="every how many runs one faults; 0: none")


class Failing:
    """An executor that loses some of its runs."""

    def __init__(self, executor: Executor, config: FailingConfig, metrics: MetricSink) -> None:
        self.executor = executor
        self.metrics = metrics
        self.config = config
        self.runs = 0

    async def run(self, job: object) -> AsyncIterator[Completed]:
        self.runs += 1
        self.metrics.add("failing/runs", 1)
        if self.runs <= self.config.fail_first or (self.config.fail_every and self.runs % self.config.fail_every == 0):
            raise ExecutorFault("the jail died")
        async for completed in self.executor.run(job):  # type: ignore[arg-type]  # a job, by the role's contract
            yield completed

    async def close(self) -> None:
        await self.executor.close()


@frozen
class NotingConfig:
    kill_at: int = setting(0, help="after this many updates the process kills itself, without a word")
    interrupt_at: int = setting(0, help="after this many updates the process interrupts itself, as Ctrl-C would")
    diverge_at: int = setting(0, help="after this many updates the loss is not a number")
    notice_at: int = setting(0, help="after this many updates it notices itself that it diverged")
    explode_at: int = setting(0, help="after this many updates the loss is huge")
    disk_full_at: int = setting(0, help="after this many updates a checkpoint finds no space")
    pause: float = setting(0.0, help="seconds that an update takes")
    warm: bool = setting(False, help="offer to begin with another run's weights")
    build_seconds: float = setting(0.0, help="seconds that building it takes, without letting go of the event loop")


class Noting:
    """An optimizer whose only weight is a list of all it was given."""

    def __init__(self, config: NotingConfig, context: Context) -> None:
        self.config = config
        self.directory = context.directory
        (self.directory / "building").touch()
        time.sleep(config.build_seconds)
        self.size = context.sequences_per_update
        self.seen: list[str] = []
        self.updates = self.version = 0

    async def update(self, collection: Sequence[Trajectory]) -> UpdateReport:
        (self.directory / "updating").touch()
        await asyncio.sleep(self.config.pause)
        self.seen += [str(trajectory.episode) for trajectory in collection]
        updates = -(-len(collection) // self.size)
        self.updates += updates
        self.version += 1
        if self.config.kill_at and self.updates >= self.config.kill_at:
            os.kill(os.getpid(), signal.SIGKILL)
        if self.config.interrupt_at and self.updates >= self.config.interrupt_at:
            os.kill(os.getpid(), signal.SIGINT)
        if self.config.notice_at and self.updates >= self.config.notice_at:
            raise TrainingDiverged("the loss is nan")
        reached = [bool(at) and self.updates >= at for at in (self.config.diverge_at, self.config.explode_at)]
        return UpdateReport(updates, {"noting/loss": float("nan") if reached[0] else 1000.0 if reached[1] else 0.5})

    @asynccontextmanager
    async def publish(self, scheme: str) -> AsyncIterator[Weights]:
        yield Weights(self.version, scheme)

    async def save(self, directory: Path) -> None:
        if self.config.disk_full_at and self.updates >= self.config.disk_full_at:
            raise OSError(28, os.strerror(28))
        (directory / "seen.txt").write_text("\n".join([str(self.updates), *self.seen]))
        (directory / "version.txt").write_text(str(self.version))

    async def restore(self, directory: Path) -> None:
        updates, *self.seen = (directory / "seen.txt").read_text().split("\n")
        self.updates, self.version = int(updates), int((directory / "version.txt").read_text())

    async def start_from(self, directory: Path) -> None:
        _, *self.seen = (directory / "seen.txt").read_text().split("\n")

    async def suspend(self) -> None: ...

    async def resume(self) -> None: ...

    async def close(self) -> None: ...


@frozen
class SlowConfig:
    answers: tuple[str, ...] = setting(help="the answer of each turn; the last one is repeated")
    pause: float = setting(0.0, help="seconds before an answer, once more for each of the task's number modulo 3")
    faulty: tuple[str, ...] = setting((), help="tasks whose episodes it always loses")
    started: Path | None = setting(None, help="a file to which the id of each episode that starts is appended")


class Slow(ScriptedPolicy):
    """Answers by rote, in its time; `log` tells which conversations were opened and closed."""

    def __init__(self, config: SlowConfig) -> None:
        super().__init__(config.answers, {}, None)
        self.config = config
        self.log: list[tuple[str, EpisodeId]] = []

    @asynccontextmanager
    async def open(self, episode: EpisodeId) -> AsyncIterator[Conversation]:
        self.log.append(("start", episode))
        if self.config.started is not None:
            with self.config.started.open("a") as file:
                file.write(f"{episode}\n")
        try:
            await asyncio.sleep(self.config.pause * (1 + int(episode.task.split("-")[1]) % 3))
            if episode.task in self.config.faulty:
                raise PolicyFault("it was lost")
            async with super().open(episode) as conversation:
                yield conversation
        finally:
            self.log.append(("end", episode))


@frozen
class BrokenConfig:
    pass


class BrokenFormatter:
    def opening(self, problem: Problem) -> Sequence[object]:
        raise RuntimeError("no words")

    def feedback(self, problem: Problem, execution: object) -> str:
        raise RuntimeError("no words")


class ShortReward:
    async def rewards(self, episode: object) -> Sequence[float]:
        return []


@hookimpl
def rlef_register_tasksets():
    return [component(name="adding", summary="sums", config=AddingConfig, build=lambda config, context: Adding(config))]


@hookimpl
def rlef_register_policies():
    offers = lambda config: Offer(trainable=False)  # noqa: E731  # a test's one-liner
    return [
        component(name="pausing", summary="takes its time", config=SlowConfig, build=lambda config, context: Slow(config), offers=offers)
    ]


@hookimpl
def rlef_register_executors():
    build = lambda config, context: Failing(context.build(config.executor), config, context.metrics)  # noqa: E731  # a test's one-liner
    return [component(name="failing", summary="faults", config=FailingConfig, build=build, metrics=RUNS)]


@hookimpl
def rlef_register_optimizers():
    return [
        component(
            name="noting",
            summary="notes what it is given",
            config=NotingConfig,
            build=Noting,
            offers=lambda config: Offer(weight_schemes=("unchanged",), warm_start=config.warm),
            metrics=[Metric("noting/loss", "", "nothing")],
        )
    ]


@hookimpl
def rlef_register_feedback_formatters():
    return [component(name="speechless", summary="fails", config=BrokenConfig, build=lambda config, context: BrokenFormatter())]


@hookimpl
def rlef_register_rewards():
    return [component(name="stingy", summary="too few", config=BrokenConfig, build=lambda config, context: ShortReward())]


@hookimpl
def rlef_episode_finished(episode: object, rewards: object) -> None:
    if os.environ.get("PLAYGROUND_HOOK_RAISES"):
        raise RuntimeError("hook broke")
