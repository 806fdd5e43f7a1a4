"""Save and find checkpoints: written beside their place, the manifest last, then renamed, so that there is never half of one."""

import json
import os
import shutil
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from attrs import Factory, asdict, frozen

from rlef_core.errors import CheckpointError
from rlef_core.records import Checkpoint, RunState
from rlef_core.timeline import Timeline

SCHEMA = 1
Write: TypeAlias = Callable[[Path], Awaitable[None]]
_MANIFEST = "manifest.json"
_WAY_OUT = "remove that folder and resume from the checkpoint before it, if there is one"


@frozen
class Checkpoints:
    """The folder `checkpoints/` of a run: one folder a checkpoint, named by its number of updates.

    The newest `keep` stay, and the newest that is healthy.
    """

    directory: Path
    keep: int
    plan: str
    timeline: Timeline = Factory(Timeline)

    async def save(
        self, state: RunState, journals: Mapping[str, int], write: Write, write_more: Write | None = None, *, healthy: bool = True
    ) -> tuple[Path, Checkpoint]:
        """Write a checkpoint; `write(folder)` fills in the optimizer's folder, `write_more` puts the core's own files beside it.

        `healthy`: no guard tripped since the one before.

        Raises CheckpointError when the disk fails; earlier checkpoints are untouched then, and nothing of the new one stays.
        """
        final = self.directory / str(state.updates)
        partial = self.directory / f".{state.updates}.partial"
        try:
            with self.timeline.span("write"):
                self._clear()
                (partial / "optimizer").mkdir(parents=True)
                await write(partial / "optimizer")
                if write_more is not None:
                    await write_more(partial)
            checkpoint = Checkpoint(SCHEMA, state, self.plan, dict(journals), _sizes(partial), healthy)
            with self.timeline.span("seal"):
                _write_durably(partial, checkpoint)
            with self.timeline.span("put in place"):
                _remove(final)
                partial.rename(final)
                _sync(self.directory)
        except OSError as error:
            shutil.rmtree(partial, ignore_errors=True)
            raise CheckpointError(f"cannot write checkpoint {str(final)!r}: {error}; earlier checkpoints are untouched") from error
        except BaseException:
            shutil.rmtree(partial, ignore_errors=True)
            raise
        with self.timeline.span("prune"):
            self._prune()
        return final, checkpoint

    def newest(self) -> tuple[Path, Checkpoint]:
        """The newest complete checkpoint. Raises CheckpointError when there is none or it was damaged or belongs to another plan."""
        numbers = self._numbers()
        if not numbers:
            raise CheckpointError(f"no checkpoint in {str(self.directory)!r}: nothing to resume from; start again with `run`")
        folder = self.directory / str(numbers[-1])
        checkpoint = read_checkpoint(folder)
        if checkpoint.plan != self.plan:
            raise CheckpointError(f"checkpoint {str(folder)!r} belongs to another plan than this run's; expected {self.plan[:12]}")
        return folder, checkpoint

    def way_back(self, key: str = "KEY") -> str:
        """Where the last good checkpoint is and how to go on from it, with another value of `key`, for a run that learns no more."""
        numbers, run = self._numbers(), self.directory.parent
        good = self._newest_healthy(numbers)
        if good is None:
            return "no checkpoint was saved while all was well: start again with other settings"
        newer = [str(self.directory / str(number)) for number in numbers if number > good]
        first = f"remove what was saved after it ({', '.join(newer)}) and " if newer else ""
        return (
            f"the last good checkpoint is {str(self.directory / str(good))!r}: {first}go on from it with other settings by "
            f"`rlef-core resume {run} --set {key}=VALUE`"
        )

    def _newest_healthy(self, numbers: Sequence[int]) -> int | None:
        return next((number for number in reversed(numbers) if _is_healthy(self.directory / str(number))), None)

    def _numbers(self) -> list[int]:
        return _numbered(self.directory)

    def _clear(self) -> None:
        # What a killed run left half written or half removed.
        for left in [*self.directory.glob(".*.partial"), *self.directory.glob(".*.doomed")]:
            _remove(left)

    def _prune(self) -> None:
        numbers = self._numbers()
        good = self._newest_healthy(numbers)
        for number in numbers[: -self.keep]:
            if number == good:
                continue
            doomed = self.directory / f".{number}.doomed"
            (self.directory / str(number)).rename(doomed)
            _remove(doomed)


def weights_of(place: Path) -> Path:
    """The folder in which an optimizer saved its state: of a checkpoint, or of the newest one of a run's directory.

    Raises CheckpointError when `place` is neither.
    """
    return find_checkpoint(place, "run.init_from ") / "optimizer"


def find_checkpoint(place: Path, key: str = "") -> Path:
    """The checkpoint that `place` is, or the newest one of the run's directory that it is; `key` begins the message where it is neither.

    Raises CheckpointError then, and for a checkpoint that is not whole.
    """
    folder = place
    if not (place / _MANIFEST).exists():
        numbers = _numbered(place / "checkpoints")
        if not numbers:
            raise CheckpointError(f"{key}{str(place)!r} holds no checkpoint, expected a run's directory or one of its checkpoints")
        folder = place / "checkpoints" / str(numbers[-1])
    read_checkpoint(folder)
    return folder


def read_checkpoint(folder: Path) -> Checkpoint:
    """The manifest of a checkpoint, checked against its files. Raises CheckpointError when something is missing or torn."""
    try:
        record = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))
        state = RunState(**record.pop("state"))
        checkpoint = Checkpoint(state=state, **record)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise CheckpointError(f"cannot read checkpoint {str(folder)!r}: {error}; {_WAY_OUT}") from error
    if checkpoint.schema != SCHEMA:
        raise CheckpointError(f"checkpoint {str(folder)!r} has schema {checkpoint.schema}, expected {SCHEMA}")
    found = _sizes(folder)
    for name, size in checkpoint.files.items():
        if found.get(name) != size:
            raise CheckpointError(f"checkpoint {str(folder)!r}: file {name!r} has {found.get(name)} bytes, expected {size}; {_WAY_OUT}")
    return checkpoint


def sync_all(folder: Path) -> None:
    """Return when every file below `folder` has reached the disk."""
    for path in (*folder.rglob("*"), folder):
        _sync(path)


def _is_healthy(folder: Path) -> bool:
    try:
        return read_checkpoint(folder).healthy
    except CheckpointError:
        return False


def _write_durably(folder: Path, checkpoint: Checkpoint) -> None:
    sync_all(folder)
    manifest = folder / _MANIFEST
    manifest.write_text(json.dumps(asdict(checkpoint), indent=1), encoding="utf-8")
    _sync(manifest)
    _sync(folder)


def _numbered(directory: Path) -> list[int]:
    folders = directory.iterdir() if directory.is_dir() else ()
    return sorted(int(folder.name) for folder in folders if folder.name.isdigit() and (folder / _MANIFEST).exists())


def _sizes(folder: Path) -> dict[str, int]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != _MANIFEST)
    return {str(path.relative_to(folder)): path.stat().st_size for path in files}


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)
