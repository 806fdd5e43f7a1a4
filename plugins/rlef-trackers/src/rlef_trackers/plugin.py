"""Draw a finished run: `learning.png` beside its `summary.json`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rlef_core import hookimpl


@hookimpl
def rlef_run_finished(directory: Path, summary: Mapping[str, Any]) -> None:
    """Write `directory / "learning.png"`. matplotlib is imported here, so that loading the plugin costs nothing."""
    from rlef_trackers.figure import draw
    from rlef_trackers.reading import read_metric, read_summary

    draw(read_metric(directory / "metrics.jsonl", "rollout/solve_rate"), read_summary(summary), directory / "learning.png")
