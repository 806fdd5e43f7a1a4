"""A finished run gets its picture."""

import json
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from matplotlib.figure import Figure

from rlef_trackers.figure import draw_evaluations, draw_learning
from rlef_trackers.plugin import rlef_run_finished
from rlef_trackers.reading import Evaluation, Summary, read_metric, read_summary

SUMMARY = {
    "schema": 1,
    "base": {"solve_rate": 0.35, "interval": [0.31, 0.39], "solve_rate_by_turn": [0.2, 0.3, 0.35], "episodes": 500},
    "trained": {"solve_rate": 0.84, "interval": [0.81, 0.87], "solve_rate_by_turn": [0.4, 0.7, 0.84], "episodes": 500},
    "trained_random_feedback": {"solve_rate": 0.31, "interval": [0.27, 0.35], "solve_rate_by_turn": [0.3, 0.3, 0.31], "episodes": 500},
    "trained_single_turn": {"solve_rate": 0.44, "interval": [0.4, 0.48], "solve_rate_by_turn": [0.44], "episodes": 500},
    "blind_ceiling": 0.55,
}


def run_directory(folder: Path) -> Path:
    lines = [
        {"schema": 1, "collection": n, "updates": n + 1, "metrics": {"rollout/solve_rate": 0.3 + n / 120, "rollout/turns": 2.5}}
        for n in range(60)
    ]
    (folder / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return folder


def png_size(path: Path) -> tuple[int, int]:
    head = path.read_bytes()[:24]
    assert head.startswith(b"\x89PNG\r\n")
    return struct.unpack(">II", head[16:24])


def test_a_finished_run_gets_a_png_beside_its_summary(tmp_path):
    rlef_run_finished(run_directory(tmp_path), SUMMARY)
    width, height = png_size(tmp_path / "learning.png")
    assert width > 1000
    assert height > 400


def test_a_run_without_metrics_or_evaluations_still_gets_a_png(tmp_path):
    rlef_run_finished(tmp_path, {"schema": 1})
    assert png_size(tmp_path / "learning.png") > (0, 0)


def test_solve_rates_are_read_by_collection(tmp_path):
    learning = read_metric(run_directory(tmp_path) / "metrics.jsonl", "rollout/solve_rate")
    assert learning[:2] == [(0, 0.3), (1, pytest.approx(0.3 + 1 / 120))]
    assert len(learning) == 60


def test_evaluations_and_bounds_are_told_apart_and_the_schema_is_neither():
    summary = read_summary(SUMMARY)
    assert [evaluation.name for evaluation in summary.evaluations] == ["base", "trained", "trained_random_feedback", "trained_single_turn"]
    assert summary.evaluation("base") == Evaluation("base", 0.35, (0.31, 0.39))
    assert summary.bounds == {"blind_ceiling": 0.55}


def test_the_learning_curve_stands_between_the_evaluations_before_and_after():
    axes = Figure().subplots()
    draw_learning(axes, [(0, 0.3), (1, 0.5)], read_summary(SUMMARY))
    curve, base, trained = axes.get_lines()
    assert list(curve.get_ydata()) == [0.3, 0.5]
    assert (base.get_ydata()[0], trained.get_ydata()[0]) == (0.35, 0.84)


def test_every_evaluation_has_a_bar_and_an_interval_and_every_bound_a_dashed_line():
    axes = Figure().subplots()
    draw_evaluations(axes, read_summary(SUMMARY))
    assert [bar.get_height() for bar in axes.patches] == [0.35, 0.84, 0.31, 0.44]
    intervals = [collection.get_segments()[0][:, 1].tolist() for collection in axes.collections]
    assert intervals == [[0.31, 0.39], [0.81, 0.87], [0.27, 0.35], [0.4, 0.48]]
    assert [(line.get_ydata()[0], line.get_linestyle()) for line in axes.get_lines()] == [(0.55, "--")]


def test_an_evaluation_without_an_interval_is_drawn_without_one():
    axes = Figure().subplots()
    draw_evaluations(axes, Summary((Evaluation("base", 0.5, None),)))
    assert axes.collections[0].get_segments()[0][:, 1].tolist() == [0.5, 0.5]


def test_loading_the_plugin_does_not_import_matplotlib():
    code = "import sys, rlef_trackers.plugin; sys.exit('matplotlib' in sys.modules or 'numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
