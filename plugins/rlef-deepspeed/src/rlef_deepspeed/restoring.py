"""Take up what ranks have saved, as many as there are now: rank 0 reads one tensor at a time and gives it to the others."""

import json
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from attrs import frozen
from safetensors import SafetensorError
from torch import Tensor

from rlef_core import CheckpointError
from rlef_deepspeed.learning import Learning
from rlef_deepspeed.sinks import Files, check, moment_sinks, weight_sinks
from rlef_deepspeed.team import given
from rlef_torch.families import POLICY_FOLDER
from rlef_torch.files import Stored, not_started, not_taken, written
from rlef_torch.random_states import take_random_states

T = TypeVar("T")


@frozen
class _Found:
    files: Mapping[str, Stored]
    counters: Mapping[str, Any]
    random: Mapping[str, Tensor]


def restore(directory: Path, learning: Learning) -> int:
    """Take what `save`, or `ppo`, wrote; returns the version. Raises CheckpointError, on all ranks, when it is incomplete or of another
    model."""
    sinks = {**_weights(learning), **{f"{name}-adamw": moment_sinks(each.moments) for name, each in learning.steppers.items()}}
    found = _agreed(learning, partial(_found, directory, sinks), partial(not_taken, directory))
    for stepper in learning.steppers.values():
        stepper.moments.clear()
    _take(found.files, sinks, learning)
    for name, stepper in learning.steppers.items():
        stepper.scale_losses(found.counters.get("loss_scales", {}).get(name, {}))
    take_random_states(found.random, learning.team.rank, learning.device)
    learning.learner.updater.updates = found.counters["updates"]
    learning.learner.restore(found.counters)
    return int(found.counters["version"])


def start_from(directory: Path, learning: Learning) -> None:
    """Take the weights that `save`, or `ppo`, wrote, of the policy and of the critic, if there is one; moments and counters stay.

    Raises CheckpointError, on all ranks, when there are none of the same model.
    """
    sinks = _weights(learning)
    files = _agreed(learning, lambda: _files(directory, _present(directory, sinks)), partial(not_started, directory))
    _take(files, sinks, learning)


def _weights(learning: Learning) -> Files:
    return {file: sinks for name, each in learning.steppers.items() for file, sinks in weight_sinks(name, each.module).items()}


def _present(directory: Path, sinks: Files) -> Files:
    # all of the policy, and of other modules what there is
    return {file: each for file, each in sinks.items() if file.startswith(POLICY_FOLDER) or (directory / f"{file}.safetensors").exists()}


def _found(directory: Path, sinks: Files) -> _Found:
    counters = json.loads((directory / "counters.json").read_text())
    for name in ("updates", "version"):
        int(counters[name])
    return _Found(_files(directory, sinks), counters, dict(written(directory, "random")))


def _files(directory: Path, sinks: Files) -> dict[str, Stored]:
    files = {}
    for file, expected in sinks.items():
        folder = file == POLICY_FOLDER
        stored = Stored(sorted((directory / file).glob("*.safetensors"))) if folder else written(directory, file)
        if stored or not file.endswith("-adamw"):  # a module that took no step has no moments
            check(file, stored, expected, more=folder)
        files[file] = stored
    return files


def _agreed(learning: Learning, look: Callable[[], T], refused: Callable[[str], CheckpointError]) -> T:
    # what rank 0 found, on all ranks, or why it did not
    found: T | None = None
    reason = ""
    if learning.team.rank == 0:
        try:
            found = look()
        except (OSError, KeyError, ValueError, SafetensorError) as error:
            reason = f"{type(error).__name__}: {error}"
    found, reason = learning.team.everyones((found, reason))[0]
    if found is None:
        raise refused(reason)
    return found


def _take(files: Mapping[str, Stored], sinks: Files, learning: Learning) -> None:
    for file, stored in files.items():
        for name, sink in sinks[file].items():
            if sink.put is not None and name in stored:
                sink.put(given(learning.team, partial(stored.__getitem__, name), sink.shape, learning.device))
