"""`rlef-core bench optimizer`, with optimizers whose pace is known and a collection that is really played."""

import json
import tempfile
from pathlib import Path

import pytest

import rlef_core
from rlef_core.bench.memory import peak_growth


@pytest.fixture
def report(bench, spec):
    done = bench("optimizer", spec, "--pairs", "3", "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_all_updates_of_one_played_collection_are_timed_in_pairs(report):
    assert list(report["measured"]) == ["pacing", "slow-update"]
    ours, theirs = report["measured"].values()
    assert all(seconds >= 0.02 for seconds in ours["seconds_per_collection"])
    assert all(seconds >= 0.06 for seconds in theirs["seconds_per_collection"])
    tokens = report["asked"]["tokens"]
    assert report["asked"]["trajectories"] == 4
    for seconds, rate in zip(ours["seconds_per_collection"], ours["tokens_per_second"], strict=True):
        assert rate == pytest.approx(tokens / seconds, rel=1e-3)
    assert ours["padding_share"] == [0.25] * 3
    assert {"cpu_seconds_per_1k_tokens", "peak_growth_megabytes", "startup_seconds", "updates"} <= set(ours)


def test_the_goal_is_held_against_the_pairs_ratio(report):
    (goal,) = report["goals"]
    assert goal["found"] == report["ratios"]["pacing"]["seconds_per_collection"]["value"]
    assert goal["met"] == (goal["found"] <= 0.4)


def test_without_json_there_are_tables_and_goals(bench, spec):
    done = bench("optimizer", spec, "--pairs", "1")
    assert done.exit_code == 0, done.output
    assert "times that of slow-update (95 % interval)" in done.stdout
    assert "goal for pacing: seconds_per_collection at most 0.4 times that of slow-update: " in done.stdout


def test_a_spec_that_learns_from_recorded_episodes_is_measured_on_those(bench, spec, tmp_path):
    rlef_core.run(spec, ["training.episodes_per_collection=2", "training.sequences_per_update=2"])
    others = [f"rollout.recorded={tmp_path / 'run'}", f"run.directory={tmp_path / 'other'}", "tasks={evaluation: {use: adding}}"]
    settings = [word for each in (*others, "evaluation={episodes: 1}", "policy.lose=true") for word in ("--set", each)]
    done = bench("optimizer", spec, "--pairs", "1", *settings, "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["asked"]["trajectories"] == 4


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--set", "optimizer.second=1"), 2, "did you mean 'seconds'"),
        (("--set", "training=null"), 2, "'training'"),
        (("--against", "slow-updates"), 3, "did you mean 'slow-update'"),
        (("--set", "optimizer.lose=true"), 4, "failed in update: RuntimeError: lost"),
    ],
)
def test_what_is_wrong_is_told_and_nothing_is_left_over(bench, spec, words, code, said):
    import pacemaker

    done = bench("optimizer", spec, "--pairs", "1", *words)
    assert (done.exit_code, said in done.stderr) == (code, True), done.stderr
    assert list(Path(tempfile.gettempdir()).iterdir()) == []
    assert pacemaker.Pacing.built == pacemaker.Pacing.closed


def test_growth_is_the_peak_inside_of_the_block_and_not_before_it():
    before = bytearray(50_000_000)
    del before
    with peak_growth() as little:
        assert len(bytearray(1_000_000)) == 1_000_000
    with peak_growth() as much:
        assert len(bytearray(80_000_000)) == 80_000_000
    assert little.bytes < 40_000_000
    assert 70_000_000 < much.bytes < 120_000_000
