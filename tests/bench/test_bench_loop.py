"""`rlef-core bench loop`, with runs of components whose pace is known."""

import json
import tempfile
from pathlib import Path

import pytest

from rlef_core.bench.loops import checkpoints_per_collection

EVALUATED = ("--set", "tasks.evaluation={use: adding}", "--set", "evaluation={episodes: 1000}")


@pytest.fixture
def report(bench, spec):
    done = bench("loop", spec, "--collections", "2", "--set", "training.sequences_per_update=2", *EVALUATED, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_every_collection_is_split_into_steps_which_add_up(report):
    measured = report["measured"]["loop"]
    steps = [f"{step}_seconds" for step in ("draw", "play", "update", "publish", "record", "checkpoint", "other")]
    for place, seconds in enumerate(measured["seconds"]):
        assert sum(measured[step][place] for step in steps) == pytest.approx(seconds, abs=1e-4)
        assert measured["busy_seconds"][place] <= seconds
        assert measured["idle_share"][place] == pytest.approx(1 - measured["busy_seconds"][place] / seconds, abs=1e-4)
        assert measured["update_seconds"][place] >= 0.02
        assert measured["tokens_per_second"][place] == pytest.approx(measured["tokens"][place] / seconds, rel=1e-2)
    assert measured["episodes"] == [4, 4]
    assert report["asked"]["updates_per_collection"] == 1
    assert set(report["asked"]["spans"]) == {"draw", "play", "update", "publish", "record", "checkpoint"}


def test_a_collection_bears_one_checkpoint_at_most():
    assert [checkpoints_per_collection(4, every) for every in (1, 4, 16)] == [1, 1, 0.25]


def test_the_cores_own_goal_is_judged(report):
    (goal,) = report["goals"]
    assert (goal["component"], goal["figure"], goal["at_most"]) == ("loop", "idle_share", 0.05)
    assert goal["found"] == report["figures"]["loop"]["idle_share"]["value"]
    assert goal["met"] is False  # a policy that only waits does no work


def test_without_json_there_is_a_column_a_collection(bench, spec, tmp_path):
    done = bench("loop", spec, "--collections", "1")
    assert done.exit_code == 0, done.output
    assert "collection 1" in done.stdout
    assert "the policy marks no `decode`" in done.stdout
    assert "goal for loop: idle_share at most 0.05: " in done.stdout
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--set", "training.update=1"), 2, "did you mean 'updates'"),
        (("--set", "optimizer.lose=true"), 4, "failed in update: RuntimeError: lost"),
        (("--set", "rollout.recorded=runs/other", "--set", "optimizer.use=pacing"), 2, "recorded"),
        (("--set", "training.max_staleness=1"), 2, "found training.max_staleness 1, expected 0"),
    ],
)
def test_what_is_wrong_is_told_and_nothing_is_left_over(bench, spec, words, code, said):
    import pacemaker

    done = bench("loop", spec, *words)
    assert (done.exit_code, said in done.stderr) == (code, True), done.stderr
    assert list(Path(tempfile.gettempdir()).iterdir()) == []
    assert pacemaker.Pacing.built == pacemaker.Pacing.closed


def test_an_interrupted_bench_leaves_nothing_and_names_no_run_to_go_on_with(bench, spec):
    done = bench("loop", spec, "--set", "optimizer={use: noting, interrupt_at: 1}")
    assert (done.exit_code, done.stderr.split("\n")[-2]) == (130, "interrupted by the user")
    assert list(Path(tempfile.gettempdir()).iterdir()) == []
