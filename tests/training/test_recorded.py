"""Runs that learn from the episodes of another: which, in which order, how rewarded, and what is refused."""

import json
import shutil
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

import rlef_core
from rlef_core import CheckpointError, Interrupted, SpecError, read_episodes
from rlef_core.training.journal import read_scored_episodes
from tests.conftest import PLUGINS, SPEC

Runs = Callable[..., Mapping[str, Any]]
READING = "rollout.recorded=source"
NO_TASKS = "tasks={}"


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that recorded 24 episodes of 12 tasks."""
    folder = tmp_path_factory.mktemp("recording")
    (folder / "playground.yaml").write_text(SPEC.format(directory=folder / "source"))
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(PLUGINS)
        rlef_core.run(folder / "playground.yaml")
    return folder / "source"


@pytest.fixture
def play(tmp_path: Path, spec_text: str, monkeypatch: pytest.MonkeyPatch) -> Runs:
    """Run the playground in the test's folder."""
    monkeypatch.syspath_prepend(PLUGINS)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "playground.yaml").write_text(spec_text)
    return lambda *overrides: rlef_core.run(tmp_path / "playground.yaml", overrides)


@pytest.fixture
def source(recording: Path, tmp_path: Path) -> Path:
    """A copy of the recording, to learn from and to spoil."""
    return Path(shutil.copytree(recording, tmp_path / "source"))


def read(play: Runs, directory: str, *overrides: str) -> Path:
    """A run in `directory` that learns from `source`."""
    play(READING, NO_TASKS, f"run.directory={directory}", *overrides)
    return Path(directory)


def seen(directory: Path) -> list[str]:
    """The episodes that the optimizer was given, in order."""
    newest = max((directory / "checkpoints").iterdir(), key=lambda path: int(path.name))
    return (newest / "optimizer" / "seen.txt").read_text().split("\n")[1:]


def answers(directory: Path) -> list[tuple[str, ...]]:
    """What tells one recorded episode from another, whatever it is called."""
    return [(episode.id.task, *(turn.action.text for turn in episode.turns)) for episode in read_episodes(directory)]


def test_an_epoch_holds_every_recorded_episode_once_in_an_order_of_its_own(play: Runs, source: Path) -> None:
    run = read(play, "run", "training.updates=12")
    recorded, taken = answers(source), answers(run)
    assert (len(recorded), len(taken)) == (24, 48)
    assert Counter(taken[:24]) == Counter(taken[24:]) == Counter(recorded)
    assert recorded != taken[:24] != taken[24:]


def test_episodes_are_called_by_the_collection_that_learns_from_them(play: Runs, source: Path) -> None:
    run = read(play, "run")
    ids = [episode.id for episode in read_episodes(run)]
    assert seen(run) == [str(id) for id in ids]
    assert len(set(ids)) == 24
    assert [id.collection for id in ids] == [0] * 8 + [1] * 8 + [2] * 8


def test_a_collection_may_be_longer_than_the_record(play: Runs, source: Path) -> None:
    run = read(play, "run", "training={updates: 1, episodes_per_collection: 60, sequences_per_update: 60}")
    ids = [episode.id for episode in read_episodes(run)]
    assert len(set(ids)) == 60
    assert max(Counter(answers(run)).values()) <= max(Counter(answers(source)).values()) * 3


def test_the_rewards_are_those_of_the_run_that_learns(play: Runs, source: Path) -> None:
    same = dict(zip(answers(source), (rewards for _, rewards in read_scored_episodes(source)), strict=True))
    for reward, factor in (("{use: rlef}", 1), ("{use: rlef, weight: 2}", 2)):
        run = read(play, f"run{factor}", f"rewards=[{reward}]")
        for key, (_, rewards) in zip(answers(run), read_scored_episodes(run), strict=True):
            assert rewards == tuple(factor * each for each in same[key])


def test_nothing_is_played_but_for_evaluation(play: Runs, source: Path) -> None:
    summary = play(
        READING, "tasks={evaluation: {use: adding}}", "evaluation={episodes: 6}", "policy.answers=[nothing]", "run.directory=run"
    )
    assert summary["trained"]["solve_rate"] == 0
    lines = [json.loads(line)["metrics"] for line in Path("run/metrics.jsonl").read_text().splitlines()]
    assert [line["rollout/programs"] for line in lines] == [0, 0, 0]
    assert sum(line["rollout/solve_rate"] for line in lines) > 0
    assert (len(list(read_episodes(Path("run")))), len(list(read_episodes(Path("run"), purpose="base")))) == (24, 6)


def test_a_run_that_was_stopped_goes_on_with_the_next_episodes_although_the_record_grew(play: Runs, source: Path) -> None:
    whole = read(play, "whole", "training.updates=10")
    with pytest.raises(Interrupted):
        read(play, "run", "training.updates=10", "optimizer.interrupt_at=4")
    journal = source / "episodes" / "train.jsonl"
    journal.write_bytes(journal.read_bytes() * 2 + b'{"torn')
    while not (Path("run") / "summary.json").exists():
        with suppress(Interrupted):  # again after each collection
            rlef_core.resume(Path("run"))
    assert seen(Path("run")) == seen(whole)
    assert answers(Path("run")) == answers(whole)


def test_a_record_that_changed_since_the_run_began_is_refused(play: Runs, source: Path) -> None:
    with pytest.raises(Interrupted):
        read(play, "run", "optimizer.interrupt_at=2")
    journal = source / "episodes" / "train.jsonl"
    journal.write_bytes(b"".join(reversed(journal.read_bytes().splitlines(keepends=True))))
    with pytest.raises(CheckpointError, match=r"bytes of 'source/episodes/train.jsonl' are not those that this run began with"):
        rlef_core.resume(Path("run"))


def test_a_resumed_run_that_lost_what_it_began_with_is_told_so(play: Runs, source: Path) -> None:
    with pytest.raises(Interrupted):
        read(play, "run", "optimizer.interrupt_at=2")
    Path("run/recorded.json").unlink()
    with pytest.raises(CheckpointError, match=r"cannot read 'run/recorded.json': .*; put it back"):
        rlef_core.resume(Path("run"))


def test_a_directory_without_a_run_or_without_episodes_is_refused(play: Runs, source: Path) -> None:
    with pytest.raises(CheckpointError, match=r"rollout.recorded: the directory 'nowhere' holds no run"):
        play("rollout.recorded=nowhere", NO_TASKS)
    (source / "episodes" / "train.jsonl").write_bytes(b"")
    with pytest.raises(CheckpointError, match=r"run 'source' recorded no training episode .* expected at least one"):
        read(play, "run")
    (source / "episodes" / "train.jsonl").unlink()
    with pytest.raises(CheckpointError, match="recorded no training episode"):
        read(play, "run")


def test_a_line_that_holds_no_episode_is_named(play: Runs, source: Path) -> None:
    journal = source / "episodes" / "train.jsonl"
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join([*lines[:2], b'{"schema": 1}\n', *lines[3:]]))
    with pytest.raises(CheckpointError, match=r"source/episodes/train.jsonl:3: no episode"):
        read(play, "run")


@pytest.mark.parametrize(
    ("here", "found"),
    [
        ("{path: other}", "model.path is 'a' there, 'other' here"),
        ("{path: a, template: {date: today}}", "model.template is {} there, {'date': 'today'} here"),
        ("{path: a, max_length: 1024}", "model.max_length is 4096 there, only 1024 here"),
        ("null", "only that run has a 'model' block"),
    ],
)
def test_a_run_of_another_model_is_refused_with_what_differs(play: Runs, source: Path, here: str, found: str) -> None:
    plan = json.loads((source / "plan.json").read_text())
    plan["spec"]["model"] = {"path": "a", "dtype": "auto", "max_length": 4096, "template": {}, "seed": 0}
    (source / "plan.json").write_text(json.dumps(plan))
    with pytest.raises(CheckpointError, match="run 'source' is of another model") as caught:
        read(play, "run", f"model={here}")
    assert found in str(caught.value)


def test_a_model_of_a_longer_context_may_learn_from_it(play: Runs, source: Path) -> None:
    plan = json.loads((source / "plan.json").read_text())
    plan["spec"]["model"] = {"path": "./a", "dtype": "auto", "max_length": 512, "template": {}, "seed": 0}
    (source / "plan.json").write_text(json.dumps(plan))
    assert len(answers(read(play, "run", "model={path: a, dtype: float32, max_length: 1024, seed: 1}"))) == 24


@pytest.mark.parametrize(
    ("overrides", "fault"),
    [
        ([READING], "has no effect: with rollout.recorded no new episodes are played to learn from"),
        (
            [READING, NO_TASKS, "rollout.episodes_per_task=2"],
            "has no effect: with rollout.recorded no new episodes are played to learn from",
        ),
        (["rollout.recorded=run", NO_TASKS, "run.directory=run"], "is this run's own directory, expected that of another run"),
        ([READING, NO_TASKS, "evaluation={episodes: 3}"], "has no effect without an entry 'evaluation' in 'tasks'"),
    ],
)
def test_what_has_no_effect_is_refused(play: Runs, overrides: list[str], fault: str) -> None:
    with pytest.raises(SpecError, match=fault):
        play(*overrides)


def test_a_spec_that_plays_nothing_at_all_is_noted(play: Runs, tmp_path: Path) -> None:
    plan = rlef_core.check(tmp_path / "playground.yaml", [READING, NO_TASKS])
    assert [note for note in plan.notes if note.startswith("nothing is played ")]
