"""Runs that play while they learn: they overlap, end, stop, fail and resume without losing an episode or counting one twice."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from rlef_core import ExitCode, read_episodes
from rlef_core.timeline import Timeline
from rlef_core.training.checkpoints import read_checkpoint
from rlef_core.training.session import Session, start
from rlef_core.training.unused import read_unused
from tests.conftest import PLUGINS, SPEC

Argv = Callable[..., list[str]]
SLOW = "policy={use: pausing, answers: [no code here], pause: 0.01}"


class Noted(Timeline):
    """What began and ended, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.order: list[str] = []

    @contextmanager
    def span(self, name: str) -> Iterator[None]:
        self.order.append(f"{name} begins")
        with super().span(name):
            yield
        self.order.append(f"{name} ends")


def played(plan_of: Callable[..., Any], *overrides: str) -> list[str]:
    """Run three collections whose episodes take 10 to 30 ms and whose updates take 150 ms; what began and ended, in order."""
    plan, registry = plan_of(SLOW, "optimizer.pause=0.15", "training.checkpoint_every=100", *overrides)
    timeline = Noted()
    asyncio.run(start(plan, registry, Session(lambda line: None, timeline=timeline)))
    return timeline.order


def during(order: list[str], name: str, what: str) -> list[int]:
    """How often something happened within each span of that name."""
    begins, ends = ([place for place, each in enumerate(order) if each == f"{name} {edge}"] for edge in ("begins", "ends"))
    return [order[begin:end].count(what) for begin, end in zip(begins, ends, strict=True)]


def test_the_next_collection_is_played_while_the_optimizer_works(plan_of: Callable[..., Any]) -> None:
    order = played(plan_of, "training.max_staleness=1")
    first, second, last = during(order, "update", "episode ends")
    assert (first > 0, second > 0, last) == (True, True, 0)
    assert order.count("episode ends") == 24


def test_without_staleness_nothing_is_played_while_the_optimizer_works(plan_of: Callable[..., Any]) -> None:
    order = played(plan_of)
    assert during(order, "update", "episode begins") == [0, 0, 0]
    assert during(order, "play", "episode ends") == [8, 8, 8]


def test_an_evaluation_is_played_alone(plan_of: Callable[..., Any]) -> None:
    sets = ("tasks.evaluation={use: adding}", "evaluation={episodes: 4, every: 2}", "rollout.concurrency=2", "training.max_staleness=2")
    order = played(plan_of, *sets)
    assert [found - 4 for found in during(order, "evaluate", "episode begins")] == [0, 0, 0, 0], "base, after 2 and 4 updates, trained"


@pytest.fixture
def rlef(tmp_path: Path, command: Argv, environment: Mapping[str, str]) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run an rlef-core command in the test's folder."""

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(command(*words), cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120, check=False)

    return run


Rlef = Callable[..., "subprocess.CompletedProcess[str]"]
AHEAD = ("--set", SLOW, "--set", "training.max_staleness=2", "--set", "training.updates=12", "--set", "policy.started=started.txt")


def metrics(directory: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (directory / "metrics.jsonl").read_text().splitlines()]


def ids(directory: Path) -> list[str]:
    return [str(episode.id) for episode in read_episodes(directory)]


def test_what_had_ended_when_a_run_was_killed_is_not_played_again(rlef: Rlef, tmp_path: Path) -> None:
    run, started = tmp_path / "run", tmp_path / "started.txt"
    killed = rlef("run", "playground.yaml", *AHEAD, "--set", "optimizer.kill_at=6", "--set", "optimizer.pause=0.3")
    assert killed.returncode == -signal.SIGKILL
    unused = read_unused(run / "checkpoints" / "4")
    kept = {str(id) for each in unused.values() for id in each.scored}
    assert len(kept) >= 8, "one collection at least had been played ahead"
    started.unlink()
    plan = json.loads((run / "plan.json").read_text())
    assert plan["spec"]["training"]["max_staleness"] == 2
    resumed = rlef("resume", "run")  # it kills itself again
    again = started.read_text().split()
    assert not kept & set(again)
    assert len(again) == len(set(again))
    assert resumed.returncode == -signal.SIGKILL
    journal = set(ids(run))
    assert len(journal) == 16, "of two collections, which the checkpoint's journals hold"
    assert not journal & kept


def test_ctrl_c_keeps_what_was_played_ahead_and_resume_uses_it(rlef: Rlef, tmp_path: Path) -> None:
    run = tmp_path / "run"
    short = (*AHEAD, "--set", "training.updates=8")
    assert rlef("run", "playground.yaml", *short, "--set", "run.directory=whole").returncode == 0
    few = ("--set", "optimizer.interrupt_at=4", "--set", "training.checkpoint_every=100", "--set", "optimizer.pause=0.2")
    stopped = rlef("run", "playground.yaml", *short, *few)
    assert stopped.returncode == ExitCode.INTERRUPTED, stopped.stderr
    assert "never retrieved" not in stopped.stderr
    kept = read_unused(run / "checkpoints" / "4")
    assert sum(len(each.scored) for each in kept.values()) >= 8
    while rlef("resume", "run").returncode == ExitCode.INTERRUPTED:  # it interrupts itself after each collection
        pass
    assert ids(run) == ids(tmp_path / "whole")
    assert [record["collection"] for record in metrics(run)] == list(range(4))
    assert all(record["metrics"]["rollout/staleness_max"] <= 2 for record in metrics(run))
    assert not (run / "checkpoints" / "8" / "unused").exists(), "nothing was played that no update needed"


def test_too_many_faults_of_a_collection_played_ahead_stop_the_run(rlef: Rlef, tmp_path: Path) -> None:
    stopped = rlef("run", "playground.yaml", *AHEAD, "--set", "policy.faulty=[add-1, add-2, add-3, add-4]", "--set", "optimizer.pause=0.1")
    assert stopped.returncode == ExitCode.COMPONENT
    assert "episodes faulted, more than rollout.max_fault_share allows" in stopped.stderr.splitlines()[-1]
    assert "never retrieved" not in stopped.stderr


def test_faults_are_journalled_with_their_collection(rlef: Rlef, tmp_path: Path) -> None:
    sets = ("--set", "policy.faulty=[add-3]", "--set", "rollout.max_fault_share=1", "--set", "training.guards.faults.action=off")
    assert rlef("run", "playground.yaml", *AHEAD, *sets).returncode == 0
    run = tmp_path / "run"
    faults = [json.loads(line)["id"]["collection"] for line in (run / "faults.jsonl").read_text().splitlines()]
    assert faults == sorted(faults)
    assert [faults.count(number) for number in range(6)] == [record["metrics"]["rollout/faults"] for record in metrics(run)]
    assert sum(record["metrics"]["rollout/episodes"] for record in metrics(run)) + len(faults) == 48


POINTS = {"draw", "wait", "episode", "answer", "program", "update", "publish", "record"}
POINTS |= {"checkpoint", "write", "seal", "put in place", "prune", "evaluate"}
MORE = """\
tasks: {train: {use: adding}, evaluation: {use: adding}}
evaluation: {episodes: 4, every: 16}
training: {updates: 80, episodes_per_collection: 4, sequences_per_update: 2, checkpoint_every: 2, max_staleness: 2}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`whole` and `killed`: a run that plays ahead, unbroken, and killed at every named point and resumed each time."""
    folder = tmp_path_factory.mktemp("overlap")
    kept = [line for line in SPEC.format(directory="run").splitlines() if not line.startswith(("tasks:", "training:"))]
    (folder / "spec.yaml").write_text("\n".join([*kept, MORE]))
    argv = [sys.executable, "-W", "ignore", PLUGINS / "killed_runs.py", folder / "spec.yaml", folder]
    path = f"{PLUGINS}:{os.environ.get('PYTHONPATH', '')}"
    done = subprocess.run(argv, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return folder


def test_it_was_killed_at_every_point_of_the_loop(folder: Path) -> None:
    assert {name for name, _ in json.loads((folder / "points.json").read_text())} == POINTS


def test_after_every_kill_the_same_episodes_are_learnt_from_in_the_same_order(folder: Path) -> None:
    whole, killed = folder / "whole", folder / "killed"
    assert sorted(ids(killed)) == sorted(ids(whole))
    assert ids(killed) == ids(whole)
    learnt = [(run / "checkpoints" / "80" / "optimizer" / "seen.txt").read_text() for run in (whole, killed)]
    assert learnt[0] == learnt[1]


def test_after_every_kill_no_figure_is_lost_or_counted_twice(folder: Path) -> None:
    names = ("rollout/episodes", "rollout/faults", "rollout/tokens", "rollout/programs", "rollout/solve_rate", "tasks/rejected")
    whole, killed = ([{name: each["metrics"][name] for name in names} for each in metrics(folder / run)] for run in ("whole", "killed"))
    assert len(whole) == 40
    assert whole == killed
    assert all(each["metrics"]["rollout/staleness_max"] <= 2 for run in ("whole", "killed") for each in metrics(folder / run))
    states = [read_checkpoint(folder / run / "checkpoints" / "80").state for run in ("whole", "killed")]
    assert states[0] == states[1]
