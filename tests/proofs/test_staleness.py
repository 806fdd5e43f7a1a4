"""The proof about staleness judges rounds and runs rightly, and its engines wait as they say."""

import importlib
from pathlib import Path

import pytest

pytestmark = pytest.mark.repository


@pytest.fixture
def proof(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / "proofs"))
    return importlib.import_module("staleness")


def seconds(round_, play, update):
    return {"loop/seconds": round_, "rollout/seconds": play, "optimizer/seconds": update}


def test_a_round_is_compared_with_the_longer_of_play_and_update_and_with_their_sum(proof):
    row = proof.row(0.5, {0: seconds(1.5, 1.0, 0.5), 1: seconds(1.2, 1.4, 0.5)})
    ratios = {staleness: (each["round_over_longer"], each["round_over_sum"]) for staleness, each in row["by_staleness"].items()}
    assert ratios == {"0": (1.5, 1.0), "1": (1.2, 0.8)}
    assert list(proof.bounds_of_times([row]).values()) == [True, False]
    assert list(proof.bounds_of_times([proof.row(0.5, {0: seconds(1.0, 1.0, 0.5), 1: seconds(1.05, 1.4, 0.5)})]).values()) == [False, True]


def run(rate, staleness, episodes=64):
    return {"solve_rate": rate, "staleness_max": staleness, "episodes": episodes}


def test_runs_must_be_close_in_the_mean_at_equal_episodes(proof):
    runs = {"0": {"0": run(0.8, 0)}, "1": {"0": run(0.71, 1)}, "4": {"0": run(0.69, 4, episodes=32)}}
    held = proof.bounds_of_learning(runs, {"0": 0.8, "1": 0.71, "4": 0.69})
    assert [bound for bound, holds in held.items() if not holds] == ["staleness 4 within 0.10 solve rate of 0", "equal episodes"]


def test_no_token_may_be_older_than_allowed(proof):
    runs = {"0": {"0": run(0.8, 0)}, "1": {"0": run(0.8, 2)}}
    assert not proof.bounds_of_learning(runs, {"0": 0.8, "1": 0.8})["no token older than allowed"]


def test_rounds_of_engines_that_wait_are_measured(proof):
    found = proof.waited(0.01, 1, collections=3, warm=1)
    assert found["optimizer/seconds"] >= 0.01
    assert found["rollout/seconds"] > 0.1, "12 answers after another, of 40 ms and more each"
