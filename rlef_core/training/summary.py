"""What a finished run shows: summary.json."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rlef_core.roles import BoundedTaskset
from rlef_core.training.directory import write_whole
from rlef_core.training.parts import Parts

NAME = "summary.json"


def write_summary(directory: Path, parts: Parts, results: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any]:
    """Every evaluation by name, and the bounds that the taskset knows by construction, such as what a player blind to feedback reaches."""
    summary: dict[str, Any] = {**results, **_bounds(parts)}
    write_whole(directory / NAME, json.dumps(summary, indent=1) + "\n")
    return summary


def retire_summary(directory: Path) -> None:
    """Rename the summary of a run that goes on after its end to summary.json.old-1, -2, ..."""
    path, number = directory / NAME, 1
    while (aside := path.with_name(f"{NAME}.old-{number}")).exists():
        number += 1
    if path.exists():
        path.rename(aside)


def read_summary(directory: Path) -> Mapping[str, Any] | None:
    """The summary of a finished run, else None."""
    path = directory / NAME
    if not path.exists():
        return None
    summary: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return summary


def _bounds(parts: Parts) -> Mapping[str, float]:
    entry, evaluation = parts.plan.tasks.get("evaluation"), parts.plan.evaluation
    taskset: object = parts.tasksets.get("evaluation")
    if entry is None or evaluation is None or not isinstance(taskset, BoundedTaskset):
        return {}
    return taskset.bounds(entry.split or "evaluation", evaluation.turn_limit or parts.plan.rollout.turn_limit)
