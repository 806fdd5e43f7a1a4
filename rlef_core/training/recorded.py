"""Learn from the episodes that another run recorded, in place of playing new ones."""

import hashlib
import json
from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from attrs import asdict, evolve, frozen

from rlef_core.errors import CheckpointError
from rlef_core.records import Episode, EpisodeId, ModelSpec
from rlef_core.rollout.collections import Collection, Scorer
from rlef_core.rollout.order import Order
from rlef_core.spec import Plan, derive_seed
from rlef_core.training.directory import read_plan, write_whole
from rlef_core.training.journal import episode_of

NAME = "recorded.json"
"""In the directory of the run that learns: how much of the other's journal it took, and that part's SHA-256."""


@frozen
class Lines:
    """Where the lines of a journal begin, in bytes; the lines themselves stay on the disk."""

    path: Path
    offsets: "array[int]"

    def read(self, index: int, file: IO[bytes]) -> Episode:
        """The episode of a line. Raises CheckpointError that names it when it holds none."""
        file.seek(self.offsets[index])
        return episode_of(file.readline(), f"{self.path}:{index + 1}")[0]


class RecordedStream:
    """Draws recorded episodes without end, in a seeded order each epoch; `position` counts those drawn and is all the state there is."""

    def __init__(self, lines: Lines, seed: Callable[..., int], position: int = 0) -> None:
        self.position = position
        self._lines = lines
        self._order = Order(len(lines.offsets), seed)

    def draw(self, count: int) -> Iterator[Episode]:
        """The next `count` episodes. Raises CheckpointError for a line that holds none."""
        with self._lines.path.open("rb") as file:
            for _ in range(count):
                place = self._order.at(self.position)
                self.position += 1
                yield self._lines.read(place, file)


async def read_collection(stream: RecordedStream, scorer: Scorer, number: int, count: int) -> Collection:
    """The next episodes as collection `number`: called by its number, and rewarded by this run's own rewards."""
    seen: Counter[str] = Counter()
    episodes, rewards = [], []
    for recorded in stream.draw(count):
        task = recorded.id.task
        episodes.append(evolve(recorded, id=EpisodeId("train", number, task, seen[task])))
        seen[task] += 1
        rewards.append(await scorer.score(episodes[-1]))
    return Collection(number, tuple(episodes), tuple(rewards), (), stream.position)


def open_recorded(plan: Plan, directory: Path) -> Callable[[int], RecordedStream] | None:
    """The stream of the run that `rollout.recorded` names, from a position on; None where nothing is named.

    The journal may grow meanwhile: a run goes on with what it found when it began. Raises CheckpointError when there is no such run,
    it is of another model, it recorded no episode, or what was found then has changed.
    """
    source = plan.rollout.recorded
    if source is None:
        return None
    try:
        spec = read_plan(source)["spec"]
    except CheckpointError as error:
        raise CheckpointError(f"rollout.recorded: {error}") from error
    _refuse_another_model(source, spec.get("model"), plan.model)
    lines = _found(source, directory)
    return lambda position: RecordedStream(lines, lambda *path: derive_seed(plan.run.seed, "recorded", *path), position)


def _refuse_another_model(source: Path, there: Mapping[str, Any] | None, model: ModelSpec | None) -> None:
    here = asdict(model) if model else None
    differences = []
    if there and here:
        if Path(there["path"]).resolve() != Path(here["path"]).resolve():
            differences.append(f"model.path is {there['path']!r} there, {here['path']!r} here")
        if there["template"] != here["template"]:
            differences.append(f"model.template is {there['template']!r} there, {here['template']!r} here")
        if there["max_length"] > here["max_length"]:
            differences.append(f"model.max_length is {there['max_length']} there, only {here['max_length']} here")
    elif there or here:
        differences.append(f"only {'that' if there else 'this'} run has a 'model' block")
    if differences:
        found = f"run {str(source)!r} is of another model: {'; '.join(differences)}"
        raise CheckpointError(f"rollout.recorded: {found}; expected the same, for its tokens are learnt from as they are")


def _found(source: Path, directory: Path) -> Lines:
    """The journal's whole lines: all of them when a run begins, those of then when it goes on."""
    path = source / "episodes" / "train.jsonl"
    before = _before(directory)
    offsets, size, digest = _index(path, before.get("bytes"))
    if before and digest != before["sha256"]:
        found = f"the first {before['bytes']} bytes of {str(path)!r} are not those that this run began with"
        raise CheckpointError(f"rollout.recorded: {found}: put them back, or begin another run")
    if not offsets:
        found = f"run {str(source)!r} recorded no training episode (no line in {str(path)!r})"
        raise CheckpointError(f"rollout.recorded: {found}, expected at least one")
    directory.mkdir(parents=True, exist_ok=True)
    write_whole(directory / NAME, json.dumps({"bytes": size, "sha256": digest}) + "\n")
    return Lines(path, offsets)


def _before(directory: Path) -> dict[str, Any]:
    """What the run in this directory found when it began; empty when it begins now."""
    if not any(directory.glob("checkpoints/[0-9]*/manifest.json")):
        return {}
    try:
        found: dict[str, Any] = json.loads((directory / NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CheckpointError(f"cannot read {str(directory / NAME)!r}: {error}; put it back, or begin another run") from error
    return found


def _index(path: Path, most: int | None) -> "tuple[array[int], int, str]":
    """Where whole lines begin within the first `most` bytes, how many bytes they are, and their SHA-256."""
    offsets, size, digest = array("q"), 0, hashlib.sha256()
    if not path.exists():
        return offsets, size, ""
    with path.open("rb") as file:
        for line in file:
            if not line.endswith(b"\n") or (most is not None and size + len(line) > most):
                break
            offsets.append(size)
            size += len(line)
            digest.update(line)
    return offsets, size, digest.hexdigest()
