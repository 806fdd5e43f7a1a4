"""A plugin for the core's own tests: a policy and an optimizer that share a device, tell every call, and refuse to work while suspended."""

import os
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from attrs import frozen

from rlef_core import (
    Action,
    Context,
    EpisodeId,
    Finish,
    Message,
    Offer,
    Sampling,
    Trajectory,
    UpdateReport,
    VersionSpan,
    Weights,
    component,
    hookimpl,
    setting,
)


@frozen
class FlatmateConfig:
    scheme: str = setting("memory", help="how weights move")
    fails: str = setting("", help="the call that fails")
    exports: str = setting("", help="the folder that it says it exports")
    interrupt_at: int = setting(0, help="at this call of act or update the process interrupts itself, as Ctrl-C would")


class Flatmate:
    """Tells every call in `calls.txt` of the run's directory."""

    def __init__(self, name: str, config: FlatmateConfig, context: Context) -> None:
        self.name = name
        self.config = config
        self.path = context.directory / "calls.txt"
        self.asleep = False
        self.worked = 0
        self.tell("build")

    def tell(self, call: str) -> None:
        with self.path.open("a") as calls:
            calls.write(f"{self.name} {call}\n")
        if call == self.config.fails:
            raise RuntimeError("it would not")
        if self.asleep and call not in ("resume", "close"):
            raise RuntimeError(f"{call} was called while it is suspended")

    def work(self, call: str) -> None:
        self.tell(call)
        self.worked += 1
        if self.worked == self.config.interrupt_at:
            os.kill(os.getpid(), signal.SIGINT)

    async def suspend(self) -> None:
        self.tell("suspend")
        self.asleep = True

    async def resume(self) -> None:
        self.tell("resume")
        self.asleep = False

    async def close(self) -> None:
        self.tell("close")


class Night(Flatmate):
    """The policy."""

    version = -1

    @asynccontextmanager
    async def open(self, episode: EpisodeId) -> AsyncIterator["Night"]:
        yield self

    async def act(self, messages: Sequence[Message], sampling: Sampling) -> Action:
        self.work("act")
        return Action("no code", (1,), (2,), (-1.0,), (VersionSpan(0, self.version),), Finish.STOP)

    async def load(self, weights: Weights) -> None:
        self.tell("load")
        self.version = weights.version


class Day(Flatmate):
    """The optimizer."""

    updates = 0

    async def update(self, collection: Sequence[Trajectory]) -> UpdateReport:
        self.work("update")
        self.updates += 1
        return UpdateReport(1, {})

    @asynccontextmanager
    async def publish(self, scheme: str) -> AsyncIterator[Weights]:
        self.tell("publish")
        yield Weights(self.updates, scheme, "weights")
        self.tell("published")

    async def save(self, directory: Path) -> None:
        self.tell("save")
        (directory / "updates").write_text(str(self.updates))
        (directory / "model").mkdir()
        (directory / "model" / "weights").write_text(f"of update {self.updates}")

    async def restore(self, directory: Path) -> None:
        self.tell("restore")
        self.updates = int((directory / "updates").read_text())


def flatmate(kind: type[Flatmate], name: str):
    return component(
        name=name,
        summary="shares a device",
        config=FlatmateConfig,
        build=lambda config, context: kind(name, config, context),
        offers=lambda config: Offer(weight_schemes=(config.scheme,), exports=config.exports or None),
    )


@hookimpl
def rlef_register_policies():
    return [flatmate(Night, "night")]


@hookimpl
def rlef_register_optimizers():
    return [flatmate(Day, "day")]
