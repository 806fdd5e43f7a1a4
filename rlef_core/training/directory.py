"""Claim a run's directory: one process at a time, one plan for good."""

import fcntl
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rlef_core.errors import CheckpointError
from rlef_core.spec import differences

_PLAN = "plan.json"


@contextmanager
def claim(directory: Path) -> Iterator[None]:
    """Hold the directory until the block ends. Raises CheckpointError when another process holds it or it cannot be written."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        lock = (directory / "lock").open("a+")
    except OSError as error:
        raise CheckpointError(
            f"cannot write to the run's directory {str(directory)!r}: {error}; expected a folder that can be written to"
        ) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.seek(0)
            holder = lock.read().strip() or "another process"
            raise CheckpointError(
                f"the run's directory {str(directory)!r} is in use by {holder}: wait for it or choose another directory"
            ) from error
        lock.truncate(0)
        lock.write(f"process {os.getpid()}")
        lock.flush()
        yield


def refuse_a_second_run(directory: Path, plan: Mapping[str, Any]) -> None:
    """Raise CheckpointError when the directory already holds a run: a plan with something to resume from. Names what differs in `plan`."""
    if not (directory / _PLAN).exists() or not any(directory.glob("checkpoints/[0-9]*/manifest.json")):
        return
    found = differences(read_plan(directory).get("spec"), plan.get("spec"))
    changes = [f"{way} was {before!r}, is {now!r}" for way, before, now in found]
    other = f" of another plan ({'; '.join(changes[:3])}{'; ...' if len(changes) > 3 else ''})" if changes else ""
    raise CheckpointError(
        f"the directory {str(directory)!r} already holds a run{other}: go on with it by `rlef-core resume {directory}`, keep it aside with "
        "`run --set-aside`, or choose another run.directory"
    )


def write_plan(directory: Path, plan: Mapping[str, Any]) -> None:
    """Write plan.json. Raises CheckpointError when it cannot be written."""
    write_whole(directory / _PLAN, json.dumps(plan, indent=1) + "\n")


def remember(directory: Path, plan: Mapping[str, Any], updates: int, changes: Sequence[Mapping[str, Any]]) -> None:
    """Write plan.json anew after settings were changed; its `changes` tell what was changed after how many updates, oldest first."""
    before = read_plan(directory).get("changes", [])
    write_plan(directory, {**plan, "changes": [*before, *({"updates": updates, **change} for change in changes)]})


def write_whole(path: Path, text: str) -> None:
    """Write a file so that there is never half of it. Raises CheckpointError when the disk fails."""
    partial = path.with_name(f".{path.name}.partial")
    try:
        partial.write_text(text, encoding="utf-8")
        partial.rename(path)
    except OSError as error:
        raise CheckpointError(f"cannot write {str(path)!r}: {error}; make room or choose another run.directory") from error


def read_plan(directory: Path) -> dict[str, Any]:
    """What plan.json holds. Raises CheckpointError when the directory holds no run."""
    try:
        plan: dict[str, Any] = json.loads((directory / _PLAN).read_text(encoding="utf-8"))
    except NotADirectoryError as error:
        raise CheckpointError(f"{str(directory)!r} is a file, expected the directory of a run (a spec's run.directory)") from error
    except FileNotFoundError as error:
        raise CheckpointError(f"the directory {str(directory)!r} holds no run (no {_PLAN}): check the path") from error
    except (OSError, ValueError) as error:
        raise CheckpointError(f"cannot read {str(directory / _PLAN)!r}: {error}") from error
    return plan


def set_aside(directory: Path) -> Path | None:
    """Rename an earlier run's directory to `NAME.old-1`, `NAME.old-2`, ...; None when there is none. Raises CheckpointError
    when it is in use."""
    if not (directory / _PLAN).exists():
        return None
    with claim(directory):
        number = 1
        while (aside := directory.with_name(f"{directory.name}.old-{number}")).exists():
            number += 1
        directory.rename(aside)
    return aside
