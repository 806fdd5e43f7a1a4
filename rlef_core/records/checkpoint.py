"""Checkpoints: everything needed to go on."""

from collections.abc import Mapping

from attrs import Factory, frozen


@frozen
class RunState:
    """The counters of a run after a collection: collections consumed, tasks drawn, updates done, the published version, and totals so far.

    The order of play and every sampling seed follow from these and the run's seed, so no other state of the core's is kept.
    """

    collection: int = 0
    position: int = 0
    updates: int = 0
    version: int = 0
    episodes: int = 0
    tokens: int = 0
    faults: int = 0


@frozen
class Checkpoint:
    """A checkpoint's manifest: `state`, the journals' lengths in bytes when it was taken, the plan's digest, and its files' sizes.

    `healthy` says that no guard tripped since the checkpoint before it.
    """

    schema: int
    state: RunState
    plan: str
    journals: Mapping[str, int] = Factory(dict)
    files: Mapping[str, int] = Factory(dict)
    healthy: bool = True
