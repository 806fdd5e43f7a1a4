"""Optimizer `dry-run`: counts what it is given and leaves the weights alone, to try a pipeline without training."""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from attrs import frozen

from rlef_core import (
    Context,
    Metric,
    Offer,
    Optimizer,
    Trajectory,
    UpdateReport,
    Weights,
    component,
)

METRICS = (
    Metric("dry-run/trajectories", "trajectories", "trajectories received", total=True),
    Metric("dry-run/trained_tokens", "tokens", "tokens a real optimizer would train on", total=True),
)


@frozen
class DryRunConfig:
    """Config of optimizer `dry-run`: nothing to set."""


class DryRun:
    """Does every step of an optimizer but the learning."""

    def __init__(self, sequences_per_update: int) -> None:
        self._sequences_per_update = sequences_per_update
        self._version = 0

    async def update(self, collection: Sequence[Trajectory]) -> UpdateReport:
        updates = -(-len(collection) // self._sequences_per_update)
        self._version += 1
        tokens = sum(sum(trajectory.trained) for trajectory in collection)
        return UpdateReport(updates, {"dry-run/trajectories": len(collection), "dry-run/trained_tokens": tokens})

    @asynccontextmanager
    async def publish(self, scheme: str) -> AsyncIterator[Weights]:
        yield Weights(self._version, scheme)

    async def save(self, directory: Path) -> None:
        (directory / "dry-run.json").write_text(json.dumps({"version": self._version}), encoding="utf-8")

    async def restore(self, directory: Path) -> None:
        self._version = json.loads((directory / "dry-run.json").read_text(encoding="utf-8"))["version"]

    async def suspend(self) -> None: ...

    async def resume(self) -> None: ...

    async def close(self) -> None: ...


def build(config: DryRunConfig, context: Context) -> Optimizer:
    """Build the optimizer."""
    return DryRun(context.sequences_per_update)


COMPONENT = component(
    name="dry-run",
    summary="counts trajectories and changes nothing",
    config=DryRunConfig,
    build=build,
    offers=lambda config: Offer(weight_schemes=("unchanged",), trainable=False),
    example=DryRunConfig,
    metrics=METRICS,
)
