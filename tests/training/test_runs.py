"""Whole runs from the command line: they end, resume, stop and fail without losing or tearing anything."""

import json
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from rlef_core import ExitCode, read_episodes
from rlef_core.training.checkpoints import read_checkpoint

Argv = Callable[..., list[str]]


@pytest.fixture
def rlef(tmp_path: Path, command: Argv, environment: Mapping[str, str]) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run an rlef-core command in the test's folder."""

    def run(*words: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command(*words), cwd=tmp_path, env={**environment, **more}, capture_output=True, text=True, timeout=120, check=False
        )

    return run


def metrics(directory: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (directory / "metrics.jsonl").read_text().splitlines()]


def checkpoint_numbers(directory: Path) -> list[int]:
    return sorted(int(path.name) for path in (directory / "checkpoints").iterdir())


def seen(directory: Path, number: int) -> str:
    return (directory / "checkpoints" / str(number) / "optimizer" / "seen.txt").read_text()


Rlef = Callable[..., "subprocess.CompletedProcess[str]"]
EVALUATION = ("--set", "tasks.evaluation={use: adding}", "--set", "evaluation={episodes: 6, single_turn: true}")


def test_a_run_ends_with_journals_checkpoints_and_a_summary(rlef: Rlef, tmp_path: Path) -> None:
    done = rlef("run", "playground.yaml", *EVALUATION)
    assert done.returncode == 0, done.stderr
    run = tmp_path / "run"
    assert [record["updates"] for record in metrics(run)] == [2, 4, 6]
    assert checkpoint_numbers(run) == [4, 6]
    assert len(list(read_episodes(run))) == 24
    summary = json.loads((run / "summary.json").read_text())
    assert set(summary) == {"base", "trained", "trained_single_turn"}
    assert summary["trained"]["episodes"] == 6
    assert json.loads((run / "plan.json").read_text())["distributions"]["rlef-core"]
    assert "solve rate" in done.stdout
    assert "collection 3: updates 6/6" in done.stderr


def test_an_evaluation_may_have_other_turns_than_training_and_a_timeline_tells_all_steps(rlef: Rlef, tmp_path: Path) -> None:
    sets = ("--set", "tasks.evaluation={use: adding}", "--set", "evaluation={episodes: 6, turn_limit: 1}")
    done = rlef("run", "playground.yaml", *sets, "--set", "policy.answers=[nothing]", "--trace", "timeline.json")
    assert done.returncode == 0, done.stderr
    turns = {
        name: {len(episode.turns) for episode in read_episodes(tmp_path / "run", purpose=name)} for name in ("base", "train", "trained")
    }
    assert turns == {"base": {1}, "train": {3}, "trained": {1}}
    assert all(0 <= record["metrics"]["loop/idle_share"] <= 1 for record in metrics(tmp_path / "run"))
    names = {event["name"] for event in json.loads((tmp_path / "timeline.json").read_text())}
    assert names >= {"draw", "play", "episode", "answer", "update", "publish", "record", "checkpoint", "evaluate"}


def test_a_run_without_a_terminal_prints_plain_lines(rlef: Rlef) -> None:
    done = rlef("run", "playground.yaml")
    assert "\x1b" not in done.stderr + done.stdout


def test_a_plan_that_was_changed_by_hand_is_refused(rlef: Rlef, tmp_path: Path) -> None:
    run = tmp_path / "run"
    killed = rlef("run", "playground.yaml", "--set", "optimizer.kill_at=6", "--set", "training.checkpoint_every=4")
    assert killed.returncode == -signal.SIGKILL
    assert checkpoint_numbers(run) == [0, 4]
    plan = json.loads((run / "plan.json").read_text())
    plan["spec"]["optimizer"]["kill_at"] = 0
    (run / "plan.json").write_text(json.dumps(plan))
    refused = rlef("resume", "run")
    assert refused.returncode == ExitCode.CHECKPOINT
    assert "another plan" in refused.stderr


def test_a_run_killed_by_the_system_resumes_where_its_checkpoint_was(rlef: Rlef, tmp_path: Path, command: Argv, environment: Any) -> None:
    run = tmp_path / "run"
    assert rlef("run", "playground.yaml", "--set", "run.directory=whole", "--set", "optimizer.pause=0.01").returncode == 0
    process = subprocess.Popen(
        command("run", "playground.yaml", "--set", "optimizer.pause=0.3", "--set", "training.checkpoint_every=2"),
        cwd=tmp_path,
        env=environment,
        stderr=subprocess.DEVNULL,
    )
    wait_for((run / "checkpoints" / "2" / "manifest.json").exists)
    process.send_signal(signal.SIGKILL)
    process.wait(10)
    with (run / "metrics.jsonl").open("a") as torn:
        torn.write('{"schema": 1, "colle')
    resumed = rlef("resume", "run")
    assert resumed.returncode == 0, resumed.stderr
    assert "resumed at" in resumed.stderr
    assert [record["collection"] for record in metrics(run)] == [0, 1, 2]
    assert seen(run, 6) == seen(tmp_path / "whole", 6)
    assert [str(episode.id) for episode in read_episodes(run)] == [str(episode.id) for episode in read_episodes(tmp_path / "whole")]
    assert rlef("resume", "run").returncode == 0


def test_ctrl_c_once_stops_with_a_checkpoint_and_resume_goes_on(rlef: Rlef, tmp_path: Path) -> None:
    stopped = rlef("run", "playground.yaml", "--set", "optimizer.interrupt_at=4", "--set", "training.checkpoint_every=100")
    assert stopped.returncode == ExitCode.INTERRUPTED, stopped.stderr
    assert "go on with: rlef-core resume" in stopped.stderr
    assert checkpoint_numbers(tmp_path / "run") == [0, 4]
    assert [record["updates"] for record in metrics(tmp_path / "run")] == [2, 4]


def test_ctrl_c_twice_ends_at_once_and_leaves_nothing_half_written(tmp_path: Path, command: Argv, environment: Any) -> None:
    process = subprocess.Popen(
        command("run", "playground.yaml", "--set", "optimizer.pause=30"), cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True
    )
    wait_for((tmp_path / "run" / "updating").exists)
    process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=10)
    assert process.returncode == ExitCode.INTERRUPTED
    assert "stopped at once" in error
    assert checkpoint_numbers(tmp_path / "run") == [0]


def test_ctrl_c_while_a_component_is_built_ends_at_once(rlef: Rlef, tmp_path: Path, command: Argv, environment: Any) -> None:
    process = subprocess.Popen(
        command("run", "playground.yaml", "--set", "optimizer.build_seconds=60"), cwd=tmp_path, env=environment, stderr=subprocess.PIPE
    )
    wait_for((tmp_path / "run" / "building").exists)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=15)
    assert process.returncode == ExitCode.INTERRUPTED
    assert rlef("run", "playground.yaml").returncode == 0


def test_a_run_that_could_not_be_built_leaves_its_directory_free(rlef: Rlef) -> None:
    failed = rlef("run", "playground.yaml", "--set", "policy.script=missing.json")
    assert failed.returncode == ExitCode.SPEC
    assert "missing.json" in failed.stderr
    assert rlef("run", "playground.yaml").returncode == 0


def test_an_evaluation_that_is_due_is_measured_once_also_after_an_interrupt(rlef: Rlef, tmp_path: Path) -> None:
    sets = ("--set", "tasks.evaluation={use: adding, rejected: [0, 1, 2, 3, 4, 5, 6, 7]}", "--set", "evaluation={episodes: 4, every: 2}")
    stopped = rlef("run", "playground.yaml", *sets, "--set", "optimizer.interrupt_at=4")
    assert stopped.returncode == ExitCode.INTERRUPTED
    rlef("resume", "run")  # it interrupts itself again, in the last update or after it
    names = [json.loads(line)["name"] for line in (tmp_path / "run" / "evaluations.jsonl").read_text().splitlines()]
    assert names[:3] == ["base", "update-2", "update-4"]
    assert names.count("update-4") == 1
    assert "rejected task 'add-" in stopped.stderr


def test_a_disk_that_fills_under_a_journal_is_explained(rlef: Rlef, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "metrics.jsonl").symlink_to("/dev/full")
    full = rlef("run", "playground.yaml")
    assert full.returncode == ExitCode.CHECKPOINT
    assert "metrics.jsonl" in full.stderr
    assert "No space left on device" in full.stderr
    assert "Traceback" not in full.stderr


def test_a_loss_that_is_no_number_stops_before_a_good_checkpoint_is_overwritten(rlef: Rlef, tmp_path: Path) -> None:
    diverged = rlef("run", "playground.yaml", "--set", "optimizer.diverge_at=4")
    assert diverged.returncode == ExitCode.COMPONENT
    assert "not finite: noting/loss" in diverged.stderr
    assert checkpoint_numbers(tmp_path / "run") == [0, 2]


def test_an_optimizer_that_notices_that_it_diverged_stops_the_run_the_same_way(rlef: Rlef, tmp_path: Path) -> None:
    stopped = rlef("run", "playground.yaml", "--set", "optimizer.notice_at=4")
    assert stopped.returncode == ExitCode.COMPONENT
    assert "failed in update: the loss is nan; the last good checkpoint is" in stopped.stderr
    assert checkpoint_numbers(tmp_path / "run") == [0, 2]


def test_an_exploding_loss_stops_the_run_and_names_the_way_back(rlef: Rlef, tmp_path: Path) -> None:
    sets = ("--set", "training.updates=14", "--set", "optimizer.explode_at=12", "--set", "training.checkpoint_every=4")
    stopped = rlef("run", "playground.yaml", *sets)
    assert stopped.returncode == ExitCode.COMPONENT
    error = stopped.stderr.splitlines()[-1]
    assert "stopped after collection 6: guard loss: noting/loss is 1000, over 20 times its usual size of 0.5" in error
    assert f"the last good checkpoint is '{tmp_path}/run/checkpoints/8': go on from it with other settings by" in error
    assert f"`rlef-core resume {tmp_path}/run --set KEY=VALUE`" in error
    assert "warning: guard" not in stopped.stderr
    assert checkpoint_numbers(tmp_path / "run") == [4, 8]
    assert [record["updates"] for record in metrics(tmp_path / "run")] == [2, 4, 6, 8, 10, 12]
    again = rlef("resume", "run")
    assert (again.returncode, again.stderr.splitlines()[-1]) == (stopped.returncode, error.replace(f"{tmp_path}/", ""))


def test_a_guard_that_warns_says_so_once_and_the_good_checkpoint_stays(rlef: Rlef, tmp_path: Path) -> None:
    sets = ("--set", "optimizer.diverge_at=4", "--set", "training.guards.not_finite.action=warn", "--set", "training.keep_checkpoints=1")
    done = rlef("run", "playground.yaml", *sets)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("warning: guard not_finite: not finite: noting/loss is nan") == 1
    assert checkpoint_numbers(tmp_path / "run") == [2, 6]
    assert [read_checkpoint(tmp_path / "run" / "checkpoints" / number).healthy for number in ("2", "6")] == [True, False]


def test_a_guard_that_is_changed_on_resume_is_heard(rlef: Rlef) -> None:
    quiet = ("--set", "optimizer.diverge_at=2", "--set", "training.guards.not_finite.action=off")
    assert rlef("run", "playground.yaml", *quiet).returncode == 0
    on = rlef("resume", "run", "--set", "training.updates=10", "--set", "training.guards.not_finite.action=warn")
    assert on.returncode == 0, on.stderr
    assert on.stderr.count("warning: guard not_finite: not finite: noting/loss is nan") == 1


def test_a_full_disk_stops_with_the_earlier_checkpoint_whole(rlef: Rlef, tmp_path: Path) -> None:
    full = rlef("run", "playground.yaml", "--set", "optimizer.disk_full_at=4")
    assert full.returncode in {ExitCode.CHECKPOINT, ExitCode.COMPONENT}
    assert "No space left on device" in full.stderr
    assert checkpoint_numbers(tmp_path / "run") == [0, 2]


def test_a_second_run_in_the_directory_is_refused_or_sets_the_first_aside(rlef: Rlef, tmp_path: Path) -> None:
    assert rlef("run", "playground.yaml").returncode == 0
    refused = rlef("run", "playground.yaml")
    assert refused.returncode == ExitCode.CHECKPOINT
    assert "already holds a run" in refused.stderr
    again = rlef("run", "playground.yaml", "--set-aside")
    assert again.returncode == 0, again.stderr
    assert (tmp_path / "run.old-1" / "metrics.jsonl").exists()


def test_a_run_directory_in_use_is_named_with_its_holder(rlef: Rlef, tmp_path: Path, command: Argv, environment: Any) -> None:
    process = subprocess.Popen(command("run", "playground.yaml", "--set", "optimizer.pause=30"), cwd=tmp_path, env=environment)
    wait_for((tmp_path / "run" / "plan.json").exists)
    try:
        refused = rlef("resume", "run")
    finally:
        process.kill()
        process.wait(10)
    assert refused.returncode == ExitCode.CHECKPOINT
    assert f"in use by process {process.pid}" in refused.stderr


def test_resuming_where_there_is_no_run_is_a_clear_error(rlef: Rlef) -> None:
    refused = rlef("resume", "nowhere")
    assert refused.returncode == ExitCode.CHECKPOINT
    assert "holds no run" in refused.stderr


def test_a_raising_lifecycle_hook_is_named_and_the_run_goes_on(rlef: Rlef) -> None:
    done = rlef("run", "playground.yaml", PLAYGROUND_HOOK_RAISES="1")
    assert done.returncode == 0
    assert "plugin playground" in done.stderr
    assert "failed in rlef_episode_finished: RuntimeError: hook broke; the run goes on" in done.stderr


@pytest.fixture
def scratch() -> Iterator[Path]:
    """A folder that every user can reach, which those of pytest are not."""
    with tempfile.TemporaryDirectory(prefix="rlef-test-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def test_nothing_is_left_behind_when_a_run_is_killed(tmp_path: Path, scratch: Path, command: Argv, environment: Any) -> None:
    sleeper = '["```python\\nimport time; time.sleep(60)\\n```"]'
    process = subprocess.Popen(
        command("run", "playground.yaml", "--set", f"policy.answers={sleeper}", "--set", f"executor.directory={scratch}"),
        cwd=tmp_path,
        env=environment,
        stderr=(tmp_path / "log").open("w"),
        start_new_session=True,
    )
    wait_for(lambda: len(list(scratch.rglob("*"))) > 1 or process.poll() is not None)
    assert process.poll() is None, (tmp_path / "log").read_text()
    session = os.getsid(process.pid)
    process.kill()
    process.wait(10)
    wait_for(lambda: not list(scratch.iterdir()))
    wait_for(lambda: not processes_of(session))


def test_episodes_are_listed_and_shown(rlef: Rlef) -> None:
    assert rlef("run", "playground.yaml").returncode == 0
    listed = rlef("episodes", "list", "run", "--limit", "5")
    _, *lines = listed.stdout.splitlines()
    assert len(lines) == 5
    shown = rlef("episodes", "show", "run", lines[0].split()[0])
    assert "--- user" in shown.stdout
    assert "no_program" in lines[0]
    missing = rlef("episodes", "show", "run", "train/9/none/0")
    assert missing.returncode == ExitCode.SPEC
    assert "expected an id" in missing.stderr


def wait_for(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)


def processes_of(session: int) -> list[int]:
    """Living processes of a session."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == session and fields[0] != "Z":
            found.append(int(path.parent.name))
    return found
