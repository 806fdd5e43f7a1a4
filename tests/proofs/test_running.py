"""Proofs about whole runs read them rightly."""

import importlib
import json
from pathlib import Path

import pytest

pytestmark = pytest.mark.repository


@pytest.fixture
def running(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / "proofs"))
    return importlib.import_module("running")


def test_a_run_is_read_with_its_settings_and_kept_where_it_is_told(running, tmp_path):
    found = running.run_in(tmp_path / "run", "docs/specs/dry-run.yaml", "training.updates=3", "evaluation.episodes=2")
    assert len(found.metrics) == len(found.solve_rates) == 3
    assert found.summary["trained"]["episodes"] == 2
    assert found.seconds > 0
    assert json.loads((tmp_path / "run" / "plan.json").read_text(encoding="utf-8"))["spec"]["training"]["updates"] == 3
