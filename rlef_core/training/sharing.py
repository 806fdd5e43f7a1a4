"""Let policy and optimizer take turns on the accelerators that they share (`devices.colocate`)."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Generic, TypeVar

from attrs import define, frozen

from rlef_core.errors import Origin, boundary
from rlef_core.metrics import Meter
from rlef_core.records import Weights
from rlef_core.roles import Optimizer, Policy
from rlef_core.timeline import Timeline

PartT = TypeVar("PartT", Policy, Optimizer)


@define
class Tenant(Generic[PartT]):
    """A policy or an optimizer on a device that the other may want."""

    part: PartT
    origin: Origin
    meter: Meter
    timeline: Timeline
    awake: bool = True
    seconds: float = 0.0
    """Wall time spent in suspending and resuming it."""

    async def suspend(self) -> None:
        """Free the device, unless that is done. Raises ComponentError."""
        if self.awake:
            with self._moving("suspend"):
                await self.part.suspend()
            self.awake = False

    async def resume(self) -> None:
        """Take the device again, unless that is done. Raises ComponentError."""
        if not self.awake:
            with self._moving("resume"):
                await self.part.resume()
            self.awake = True

    @contextmanager
    def _moving(self, call: str) -> Iterator[None]:
        began = time.monotonic()
        with self.timeline.span(call), boundary(self.origin, call):
            yield
        self.seconds += time.monotonic() - began
        self.meter.add("loop/suspend_seconds", time.monotonic() - began)


@frozen
class Sharing:
    """Who is awake when. Without `colocate` both always are, and nothing is ever suspended; `apart`: never both (`Plan.apart`)."""

    policy: Tenant[Policy]
    optimizer: Tenant[Optimizer]
    scheme: str
    colocate: bool
    apart: bool

    @property
    def seconds(self) -> float:
        """Wall time spent in suspending and resuming so far."""
        return self.policy.seconds + self.optimizer.seconds

    async def play(self) -> None:
        """The policy has the devices. Raises ComponentError, as all methods do."""
        await self._give(self.optimizer, self.policy)

    async def learn(self) -> None:
        """The optimizer has the devices."""
        await self._give(self.policy, self.optimizer)

    async def wake_optimizer(self) -> None:
        """The optimizer is awake, as a checkpoint needs it; the policy too where a publication has just woken both."""
        if not self.optimizer.awake:
            await self.learn()

    async def publish(self) -> int:
        """Hand the optimizer's current weights to the policy; returns their version.

        Unless they are kept `apart`, both are awake while weights move, and until one has to go.
        """
        await self.wake_optimizer()
        with boundary(self.optimizer.origin, "publish"):
            async with self.optimizer.part.publish(self.scheme) as weights:
                if not self.apart:
                    await self._load(weights)
        if self.apart:
            await self.play()
            await self._load(weights)
        return weights.version

    async def _load(self, weights: Weights) -> None:
        await self.policy.resume()
        with boundary(self.policy.origin, "load"):
            await self.policy.part.load(weights)

    async def _give(self, before: Tenant[Any], after: Tenant[Any]) -> None:
        if self.colocate:
            await before.suspend()
            await after.resume()
