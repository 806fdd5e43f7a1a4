"""A run that goes on with other settings, and a run that begins with another's weights."""

import json
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from rlef_core import ExitCode, read_episodes

Rlef = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def rlef(tmp_path: Path, command: Callable[..., list[str]], environment: Mapping[str, str]) -> Rlef:
    """Run an rlef-core command in the test's folder."""

    def run(*words: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(command(*words), cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120, check=False)

    return run


def plan(directory: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((directory / "plan.json").read_text())
    return found


def test_a_finished_run_learns_on_when_its_updates_are_raised_and_remembers_the_change(rlef: Rlef, tmp_path: Path) -> None:
    run = tmp_path / "run"
    assert rlef("run", "playground.yaml").returncode == 0
    longer = rlef("resume", "run", "--set", "training.updates=10", "--set", "rollout.concurrency=3")
    assert longer.returncode == 0, longer.stderr
    assert "training.updates was 6, is 10" in longer.stderr
    assert len({episode.id for episode in read_episodes(run)}) == len(list(read_episodes(run))) == 40
    assert plan(run)["changes"] == [
        {"updates": 6, "key": "rollout.concurrency", "was": 8, "is": 3},
        {"updates": 6, "key": "training.updates", "was": 6, "is": 10},
    ]
    assert (run / "summary.json.old-1").exists()
    again = rlef("resume", "run", "--set", "training.updates=12")
    assert again.returncode == 0, again.stderr
    assert [change["is"] for change in plan(run)["changes"]] == [3, 10, 12]
    assert "the run is finished" in rlef("resume", "run").stderr


def test_a_setting_that_would_make_it_another_run_is_refused_by_name(rlef: Rlef, tmp_path: Path) -> None:
    assert rlef("run", "playground.yaml").returncode == 0
    before = (tmp_path / "run" / "plan.json").read_text()
    refused = rlef("resume", "run", "--set", "run.seed=4", "--set", "training.updates=10")
    assert refused.returncode == ExitCode.SPEC
    assert "resume cannot set 'run.seed' (it was 3, would be 4)" in refused.stderr
    assert "training.updates" in refused.stderr.partition("expected one of")[2]
    assert (tmp_path / "run" / "plan.json").read_text() == before


def test_another_runs_directory_is_not_taken_for_a_setting(rlef: Rlef, tmp_path: Path) -> None:
    assert rlef("run", "playground.yaml").returncode == 0
    refused = rlef("resume", "run", "--set", "run.directory=other", "--set", "training.updates=10")
    assert refused.returncode == ExitCode.SPEC
    assert "resume cannot set 'run.directory' (the run is in 'run')" in refused.stderr
    assert not (tmp_path / "other").exists()


def test_a_key_that_does_not_exist_is_located_at_its_option(rlef: Rlef) -> None:
    assert rlef("run", "playground.yaml").returncode == 0
    refused = rlef("resume", "run", "--set", "training.update=10")
    assert refused.returncode == ExitCode.SPEC
    assert "--set training.update" in refused.stderr
    assert "updates" in refused.stderr


def test_a_run_begins_with_the_weights_of_another(rlef: Rlef, tmp_path: Path) -> None:
    assert rlef("run", "playground.yaml").returncode == 0
    more = ("--set", "run.directory=second", "--set", "optimizer.warm=true")
    for origin in ("run", "run/checkpoints/6"):
        begun = rlef("run", "playground.yaml", *more, "--set", f"run.init_from={origin}", "--set-aside")
        assert begun.returncode == 0, begun.stderr
        taken = (tmp_path / "second" / "checkpoints" / "6" / "optimizer" / "seen.txt").read_text().splitlines()
        assert taken[0] == "6"
        assert len(taken) == 1 + 24 + 24, "the episodes of both runs, the updates of the second"


def test_weights_that_are_not_there_or_cannot_be_taken_are_refused_before_anything_is_built(rlef: Rlef, tmp_path: Path) -> None:
    nowhere = rlef("run", "playground.yaml", "--set", "optimizer.warm=true", "--set", "run.init_from=nowhere")
    assert nowhere.returncode == ExitCode.CHECKPOINT
    assert "run.init_from 'nowhere' holds no checkpoint" in nowhere.stderr
    assert not (tmp_path / "run" / "building").exists()
    within = rlef("run", "playground.yaml", "--set-aside", "--set", "optimizer.warm=true", "--set", "run.init_from=run/checkpoints/6")
    assert within.returncode == ExitCode.SPEC
    assert "lies in the run's directory, which would be set aside" in within.stderr
    cannot = rlef("check", "playground.yaml", "--set", "run.init_from=nowhere")
    assert cannot.returncode == ExitCode.SPEC
    assert "cannot begin with another run's weights" in cannot.stderr
