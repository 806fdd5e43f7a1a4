"""Run a spec in a process of its own and read what it left: for proofs about whole runs."""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from attrs import frozen
from record import REPOSITORY


@frozen
class Outcome:
    """A run's wall time, its `summary.json`, and its metrics by collection."""

    seconds: float
    summary: Mapping[str, Any]
    metrics: Sequence[Mapping[str, float]]

    @property
    def solve_rates(self) -> list[float]:
        """Of what was played to learn from, by collection."""
        return [round(each["rollout/solve_rate"], 4) for each in self.metrics]

    def most(self, name: str) -> float:
        """The greatest value of a metric over the collections that have it."""
        return max(each[name] for each in self.metrics if name in each)

    def mean(self, name: str) -> float:
        """Its mean over them."""
        values = [each[name] for each in self.metrics if name in each]
        return round(sum(values) / len(values), 4)


def run(spec: str, *settings: str) -> Outcome:
    """Run `spec`, a path below the repository, with `settings` (`KEY=VALUE`), and keep nothing else of it.

    Raises CalledProcessError when it fails.
    """
    with tempfile.TemporaryDirectory(prefix="rlef-proof-") as folder:
        return run_in(Path(folder) / "run", spec, *settings)


def run_in(directory: Path, spec: str, *settings: str) -> Outcome:
    """As `run`, in a directory that stays."""
    sets = [word for setting in (*settings, f"run.directory={directory}") for word in ("--set", setting)]
    began = time.monotonic()
    subprocess.run([sys.executable, "-m", "rlef_core", "run", spec, *sets], cwd=REPOSITORY, check=True)
    seconds = time.monotonic() - began
    summary = json.loads((directory / "summary.json").read_text(encoding="utf-8"))
    lines = (directory / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    return Outcome(round(seconds, 1), summary, [json.loads(line)["metrics"] for line in lines])
