"""Read what a run wrote: a metric by collection, and the evaluations and bounds of a summary."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from attrs import Factory, frozen


@frozen
class Evaluation:
    """One evaluation: its name, solve rate and interval (both ends as rates; None where the summary has none)."""

    name: str
    solve_rate: float
    interval: tuple[float, float] | None


@frozen
class Summary:
    """A run's evaluations, in the summary's order, and its bounds by name."""

    evaluations: tuple[Evaluation, ...] = ()
    bounds: Mapping[str, float] = Factory(dict)

    def evaluation(self, name: str) -> Evaluation | None:
        """The evaluation of this name, if there is one."""
        return next((evaluation for evaluation in self.evaluations if evaluation.name == name), None)


def read_metric(path: Path, name: str) -> list[tuple[int, float]]:
    """(collection, value) for every line of a metrics.jsonl that has the metric; nothing where there is no file."""
    if not path.exists():
        return []
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [(line["collection"], line["metrics"][name]) for line in lines if name in line["metrics"]]


def read_summary(summary: Mapping[str, Any]) -> Summary:
    """The objects with a `solve_rate` are evaluations, plain numbers from 0 to 1 are bounds; the rest is no matter of a picture."""
    evaluations = [_evaluation(name, entry) for name, entry in summary.items() if isinstance(entry, Mapping) and "solve_rate" in entry]
    return Summary(tuple(evaluations), {name: float(entry) for name, entry in summary.items() if _is_rate(entry)})


def _evaluation(name: str, entry: Mapping[str, Any]) -> Evaluation:
    interval = entry.get("interval")
    return Evaluation(name, float(entry["solve_rate"]), interval and (float(interval[0]), float(interval[1])))


def _is_rate(entry: Any) -> bool:
    # `schema: 1` is an int, so that it is no bound.
    return isinstance(entry, float) and 0 <= entry <= 1
