"""Find what a run has learnt: a checkpoint, the run's plan, and how it was measured up to there."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from attrs import frozen

from rlef_core.errors import CheckpointError
from rlef_core.records import RunState
from rlef_core.training.checkpoints import find_checkpoint, read_checkpoint
from rlef_core.training.directory import read_plan
from rlef_core.training.journal import read_journal
from rlef_core.training.summary import read_summary


@frozen
class Trained:
    """A checkpoint (`folder`, `state`) of the run in `directory`, what plan.json says, and the evaluations up to the checkpoint.

    An evaluation has its `name`, how many `updates` came before it, and its `result`. `bounds` are those that the taskset knows.
    """

    folder: Path
    state: RunState
    directory: Path
    plan: Mapping[str, Any]
    evaluations: tuple[Mapping[str, Any], ...] = ()
    bounds: Mapping[str, float] = {}

    @property
    def spec(self) -> Mapping[str, Any]:
        """The run's spec, with every default filled in."""
        found: Mapping[str, Any] = self.plan["spec"]
        return found


def find_trained(place: Path) -> Trained:
    """Of a run's directory, whose newest checkpoint is taken, or of one checkpoint in its run.

    Raises CheckpointError when there is no whole checkpoint or no run around it.
    """
    folder = Path(os.path.abspath(find_checkpoint(place)))  # noqa: PTH100  # resolve() follows links, to where no run is
    directory = folder.parent.parent
    try:
        plan = read_plan(directory)
    except CheckpointError as error:
        raise CheckpointError(f"the checkpoint {str(place)!r} lies in no run: {error}; expected it in its run's checkpoints/") from error
    state = read_checkpoint(folder).state
    evaluations = tuple(each for each in read_journal(directory / "evaluations.jsonl") if each["updates"] <= state.updates)
    summary = read_summary(directory) or {}
    bounds = {name: value for name, value in summary.items() if not isinstance(value, Mapping)}
    return Trained(folder, state, directory, plan, evaluations, bounds)
