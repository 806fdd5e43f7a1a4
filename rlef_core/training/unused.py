"""Keep the episodes that have ended and were not learnt from yet in a checkpoint, one file a collection, so that none is played twice."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from attrs import asdict, frozen

from rlef_core.errors import CheckpointError
from rlef_core.records import EpisodeId, FaultedEpisode
from rlef_core.rollout.collections import Scored
from rlef_core.training.codec import dump_episode
from rlef_core.training.journal import episode_of

SCHEMA = 1
NAME = "unused"
"""The folder in a checkpoint."""


@frozen
class Begun:
    """What there is of a collection: for how many seconds it was played, the episodes that have ended, and those that faulted."""

    number: int
    seconds: float
    scored: Mapping[EpisodeId, Scored]
    faulted: tuple[FaultedEpisode, ...]


def write_unused(checkpoint: Path, collections: Iterable[Begun]) -> None:
    """Write `unused/NUMBER.jsonl` for each: a line about the collection, then a line for each episode, as in its journal."""
    folder = checkpoint / NAME
    for begun in collections:
        folder.mkdir(exist_ok=True)
        head = {"schema": SCHEMA, "seconds": begun.seconds, "faulted": [asdict(fault) for fault in begun.faulted]}
        with (folder / f"{begun.number}.jsonl").open("w", encoding="utf-8") as file:
            file.write(json.dumps(head) + "\n")
            for episode, rewards in begun.scored.values():
                file.write(dump_episode(episode, rewards) + "\n")


def read_unused(checkpoint: Path) -> dict[int, Begun]:
    """What `write_unused` wrote, by number. Raises CheckpointError for a line that cannot be read."""
    return {int(path.stem): _read(path) for path in (checkpoint / NAME).glob("*.jsonl")}


def _read(path: Path) -> Begun:
    with path.open("rb") as file:
        head = _head(file.readline(), path)
        scored = [episode_of(line, f"{path}:{number}") for number, line in enumerate(file, start=2)]
    faulted = tuple(FaultedEpisode(**{**fault, "id": EpisodeId(**fault["id"])}) for fault in head["faulted"])
    return Begun(int(path.stem), head["seconds"], {each[0].id: each for each in scored}, faulted)


def _head(line: bytes, path: Path) -> dict[str, Any]:
    try:
        head: dict[str, Any] = json.loads(line)
    except ValueError as error:
        raise CheckpointError(f"{path}:1: no collection: {error}; it was damaged, or another version wrote it") from error
    if head.get("schema") != SCHEMA:
        raise CheckpointError(f"{path}:1: a collection of schema {head.get('schema')!r}, expected {SCHEMA}")
    return head
