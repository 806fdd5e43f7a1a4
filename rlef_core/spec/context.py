"""Build the components of a plan, each with the context that its role gets."""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from attrs import Factory, frozen

from rlef_core.errors import Origin, boundary
from rlef_core.records import Language, ModelSpec
from rlef_core.registry import Registry
from rlef_core.roles import MetricSink, Ref
from rlef_core.spec.models import made
from rlef_core.spec.plan import Plan
from rlef_core.timeline import Timeline

RoleT = TypeVar("RoleT")


def derive_seed(root: int, *path: str | int) -> int:
    """A 63-bit seed from a seed and a path: the first 8 bytes of the SHA-256 of both as JSON, halved. The same in every process."""
    text = json.dumps([root, *path], separators=(",", ":"))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


@frozen
class Builder:
    """Builds components. Closing what was built is up to whoever asked for it."""

    plan: Plan
    registry: Registry
    directory: Path
    metrics: MetricSink
    timeline: Timeline = Factory(Timeline)

    @cached_property
    def model(self) -> ModelSpec | None:
        """The plan's model; one that a plugin makes is made now, once for all components. Raises like `made`."""
        return made(self.plan.model, self.registry)

    def build(self, ref: Ref[RoleT]) -> RoleT:
        """The component that `ref` names. Raises PluginError when it is not there (any more), ComponentError when it cannot be built."""
        offered = self.registry.find(ref.role, ref.use)
        with boundary(offered.origin, "build"):
            built: RoleT = offered.component.build(ref.config, RunContext(self, offered.origin))
            return built


@frozen
class RunContext:
    """What one component gets when it is built (`roles.Context`)."""

    builder: Builder
    origin: Origin

    @property
    def directory(self) -> Path:
        return self.builder.directory

    @property
    def devices(self) -> Sequence[str]:
        numbers: Sequence[int] = getattr(self.builder.plan.devices, self.origin.role, ())
        return tuple(f"cuda:{number}" for number in numbers)

    @property
    def threads(self) -> int:
        budget: int | None = getattr(self.builder.plan.threads, self.origin.role, None)
        return budget or len(os.sched_getaffinity(0))

    @property
    def model(self) -> ModelSpec | None:
        return self.builder.model

    @property
    def sequences_per_update(self) -> int:
        return self.builder.plan.training.sequences_per_update

    @property
    def languages(self) -> Mapping[str, Language]:
        return self.builder.registry.languages

    @property
    def metrics(self) -> MetricSink:
        return self.builder.metrics

    def seed(self, *path: str | int) -> int:
        """Derived from the run's seed, this component and `path`, so that two components never draw the same numbers."""
        return derive_seed(self.builder.plan.run.seed, self.origin.role, self.origin.component, *path)

    def build(self, ref: Ref[Any]) -> Any:
        return self.builder.build(ref)

    def span(self, name: str) -> AbstractContextManager[None]:
        return self.builder.timeline.span(name)
