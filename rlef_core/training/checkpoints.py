"""Save and find checkpoints: written beside their place, the manifest last, then renamed, so that there is never half of one."""

import json
import os
import shutil
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from attrs import asdict, frozen

from rlef_core.errors import CheckpointError
from rlef_core.records import Checkpoint, RunState

SCHEMA = 1
_MANIFEST = "manifest.json"
_WAY_OUT = "remove that folder and resume from the checkpoint before it, if there is one"


@frozen
class Checkpoints:
    """The folder `checkpoints/` of a run: one folder a checkpoint, named by its number of updates; the newest `keep` stay."""

    directory: Path
    keep: int
    plan: str

    async def save(self, state: RunState, journals: Mapping[str, int], write: Callable[[Path], Awaitable[None]]) -> tuple[Path, Checkpoint]:
        """Write a checkpoint; `write(folder)` fills in the components' part.

        Raises CheckpointError when the disk fails; earlier checkpoints are untouched then, and nothing of the new one stays.
        """
        final = self.directory / str(state.updates)
        partial = self.directory / f".{state.updates}.partial"
        try:
            self._clear()
            (partial / "optimizer").mkdir(parents=True)
            await write(partial / "optimizer")
            checkpoint = Checkpoint(SCHEMA, state, self.plan, dict(journals), _sizes(partial))
            _write_durably(partial, checkpoint)
            _remove(final)
            partial.rename(final)
            _sync(self.directory)
        except OSError as error:
            shutil.rmtree(partial, ignore_errors=True)
            raise CheckpointError(f"cannot write checkpoint {str(final)!r}: {error}; earlier checkpoints are untouched") from error
        except BaseException:
            shutil.rmtree(partial, ignore_errors=True)
            raise
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

    def _numbers(self) -> list[int]:
        folders = self.directory.iterdir() if self.directory.is_dir() else ()
        return sorted(int(folder.name) for folder in folders if folder.name.isdigit() and (folder / _MANIFEST).exists())

    def _clear(self) -> None:
        # What a killed run left half written or half removed.
        for left in [*self.directory.glob(".*.partial"), *self.directory.glob(".*.doomed")]:
            _remove(left)

    def _prune(self) -> None:
        for number in self._numbers()[: -self.keep]:
            doomed = self.directory / f".{number}.doomed"
            (self.directory / str(number)).rename(doomed)
            _remove(doomed)


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


def _write_durably(folder: Path, checkpoint: Checkpoint) -> None:
    for path in folder.rglob("*"):
        _sync(path)
    manifest = folder / _MANIFEST
    manifest.write_text(json.dumps(asdict(checkpoint), indent=1), encoding="utf-8")
    _sync(manifest)
    _sync(folder)


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
