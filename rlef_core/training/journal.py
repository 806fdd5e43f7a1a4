"""A run's append-only files: metrics, faults, evaluations and episodes; each has one writer and a known length at every checkpoint."""

import json
import os
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from rlef_core.errors import CheckpointError
from rlef_core.records import Episode
from rlef_core.training.codec import load_episode

SCHEMA = 1


class Journals:
    """The journals of one run, by name: `metrics.jsonl`, `episodes/train.jsonl`, ... Opened when first written to.

    Every method but `abandon` raises CheckpointError when the disk fails.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._files: dict[str, IO[bytes]] = {}

    def write(self, name: str, record: Mapping[str, Any] | str) -> None:
        """Append one line to the journal `name` (a path below the run's directory)."""
        line = record if isinstance(record, str) else json.dumps({"schema": SCHEMA, **record}, allow_nan=True)
        with _explained(self._directory / name):
            self._open(name).write(line.encode("utf-8") + b"\n")

    def lengths(self) -> dict[str, int]:
        """Every journal's length in bytes, after all that was written has reached the disk."""
        self.flush()
        for name, file in self._files.items():
            with _explained(self._directory / name):
                os.fsync(file.fileno())
        return {name: (self._directory / name).stat().st_size for name in sorted(journal_names(self._directory))}

    def flush(self) -> None:
        """Hand everything written to the system."""
        for name, file in self._files.items():
            with _explained(self._directory / name):
                file.flush()

    def close(self) -> None:
        """Flush and close."""
        self.flush()
        self.abandon()

    def abandon(self) -> None:
        """Close whatever state the files are in."""
        for file in self._files.values():
            with suppress(OSError):
                file.close()
        self._files.clear()

    def _open(self, name: str) -> IO[bytes]:
        if name not in self._files:
            path = self._directory / name
            path.parent.mkdir(parents=True, exist_ok=True)
            self._files[name] = path.open("ab")
        return self._files[name]


def journal_names(directory: Path) -> list[str]:
    """The journals that exist below a run's directory."""
    return [str(path.relative_to(directory)) for path in [*directory.glob("*.jsonl"), *directory.glob("episodes/*.jsonl")]]


def rewind(directory: Path, lengths: Mapping[str, int]) -> None:
    """Take every journal back to its length at a checkpoint; what comes after is set aside as `NAME.tail-1`, `NAME.tail-2`, ...

    Raises CheckpointError when a journal is missing or shorter than the checkpoint says.
    """
    for name, length in lengths.items():
        path = directory / name
        size = path.stat().st_size if path.exists() else 0
        if size < length:
            raise CheckpointError(f"journal {str(path)!r} has {size} bytes, the checkpoint expects {length}: it was cut or replaced")
    for name in journal_names(directory):
        _set_tail_aside(directory / name, lengths.get(name, 0))


def read_journal(path: Path) -> Iterator[dict[str, Any]]:
    """The records of a journal; a torn last line is left out."""
    if not path.exists():
        return
    with path.open("rb") as file:
        for line in file:
            if line.endswith(b"\n"):
                yield json.loads(line)


def read_episodes(directory: Path, *, purpose: str = "train", newest: int | None = None) -> Iterator[Episode]:
    """The episodes that a run recorded for a purpose (`train` or an evaluation's name), oldest first; at most the `newest` ones.

    Raises FileNotFoundError when the run recorded none.
    """
    for episode, _ in read_scored_episodes(directory, purpose=purpose, newest=newest):
        yield episode


def read_scored_episodes(
    directory: Path, *, purpose: str = "train", newest: int | None = None
) -> Iterator[tuple[Episode, tuple[float, ...]]]:
    """Like `read_episodes`, with each episode's rewards, one a turn. Raises CheckpointError that names a line which holds no episode."""
    path = directory / "episodes" / f"{purpose}.jsonl"
    with path.open("rb") as file:
        lines = ((number, line) for number, line in enumerate(file, start=1) if line.endswith(b"\n"))
        for number, line in lines if newest is None else deque(lines, maxlen=newest):
            yield episode_of(line, f"{path}:{number}")


def episode_of(line: bytes, place: str) -> tuple[Episode, tuple[float, ...]]:
    """The episode and the rewards that a line of a journal holds. Raises CheckpointError that names the line's `place`."""
    try:
        return load_episode(line)
    except Exception as error:
        raise CheckpointError(f"{place}: no episode: {error}; it was damaged, or another version wrote it") from error


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise CheckpointError(f"cannot write {str(path)!r}: {error}; make room and resume from the last checkpoint") from error


def _set_tail_aside(path: Path, length: int) -> None:
    with path.open("r+b") as file:
        file.seek(length)
        tail = file.read()
        if not tail:
            return
        number = 1
        while (aside := path.with_name(f"{path.name}.tail-{number}")).exists():
            number += 1
        aside.write_bytes(tail)
        file.truncate(length)
