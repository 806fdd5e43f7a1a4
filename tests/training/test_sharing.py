"""Policy and optimizer that share a device take turns, and nothing is asked of one that is suspended."""

import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from rlef_core import ComponentError, ExitCode, run
from rlef_core.training.checkpoints import read_checkpoint
from rlef_core.training.journal import read_journal
from rlef_core.training.session import Session

PLUGINS = Path(__file__).parents[1] / "plugins"
FLATMATES = (
    "plugins.load=[playground, flatmates]",
    "policy={use: night}",
    "optimizer={use: day}",
    "rollout.turn_limit=1",
    "training={updates: 2, episodes_per_collection: 1, sequences_per_update: 1, checkpoint_every: 1}",
)
BY = {scheme: (f"policy.scheme={scheme}", f"optimizer.scheme={scheme}") for scheme in ("memory", "nccl", "shm")}
TOGETHER = "night build, night suspend, day build, "
SPEC = """\
name: shared
run: {directory: run, seed: 5}
model: {path: "tiny:programs", max_length: 256}
threads: {policy: 1, optimizer: 1}
tasks: {train: {use: tiny-programs}, evaluation: {use: tiny-programs}}
policy: {use: transformers}
executor: {use: unsafe-subprocess}
feedback: {use: failing-cases}
rewards: [{use: rlef}]
rollout: {deterministic: true, concurrency: 8, sampling: {max_tokens: 24}}
optimizer: {use: ppo, learning_rate: 1e-3, warmup_updates: 0}
training: {updates: 2, episodes_per_collection: 4, sequences_per_update: 4, checkpoint_every: 1}
evaluation: {episodes: 2, every: 1}
"""

Play = Callable[..., Sequence[str]]


@pytest.fixture
def play(tmp_path: Path, spec_text: str, monkeypatch: pytest.MonkeyPatch) -> Play:
    """Run the flatmates; returns what the run said."""
    monkeypatch.syspath_prepend(str(PLUGINS))
    (tmp_path / "spec.yaml").write_text(spec_text)

    def call(*overrides: str) -> Sequence[str]:
        said: list[str] = []
        run(tmp_path / "spec.yaml", [*FLATMATES, *overrides], session=Session(said.append))
        return said

    return call


def calls(tmp_path: Path) -> str:
    return ", ".join((tmp_path / "run" / "calls.txt").read_text().splitlines())


@pytest.mark.parametrize("scheme", ["memory", "nccl"])
def test_a_transfer_between_the_two_has_both_awake_and_nothing_else_has(play: Play, tmp_path: Path, scheme: str) -> None:
    play(*BY[scheme], "devices.colocate=true")
    publication = "day publish, night resume, night load, day published, day save, "
    collection = "day suspend, night act, night suspend, day resume, day update, "
    assert calls(tmp_path) == TOGETHER + publication + (collection + publication) * 2 + "day close, night close"


def test_what_is_published_for_good_is_loaded_when_the_optimizer_has_gone(play: Play, tmp_path: Path) -> None:
    play(*BY["shm"], "devices.colocate=true", "training.checkpoint_every=100")
    publication = "day publish, day published, day suspend, night resume, night load, "
    save = "night suspend, day resume, day save, "  # it wants its device back
    first = TOGETHER + publication + save + "day suspend, night resume, night act, night suspend, day resume, day update, "
    rest = publication + "night act, night suspend, day resume, day update, " + publication + save
    assert calls(tmp_path) == first + rest + "day close, night close"


def test_an_evaluation_has_the_policy_awake_before_and_after_training(play: Play, tmp_path: Path) -> None:
    evaluated = ("tasks.evaluation={use: adding}", "evaluation={episodes: 1, single_turn: false}")
    play(*evaluated, "devices.colocate=true", "training.updates=1")
    assert calls(tmp_path).count("night act") == 3
    assert calls(tmp_path).endswith("day save, day suspend, night act, day close, night close")


def test_without_a_shared_device_nothing_is_suspended(play: Play, tmp_path: Path) -> None:
    play("devices={policy: [0], optimizer: [1]}")
    assert "suspend" not in calls(tmp_path)
    assert "loop/suspend_seconds" not in next(iter(read_journal(tmp_path / "run" / "metrics.jsonl")))["metrics"]


def test_a_common_number_makes_them_take_turns_and_says_so(play: Play, tmp_path: Path) -> None:
    said = play("devices={policy: [0, 1], optimizer: [1, 2]}")
    assert "note: policy and optimizer take turns on accelerator 1; devices.colocate false keeps both on it at once" in said
    assert "night suspend" in calls(tmp_path)
    first = next(iter(read_journal(tmp_path / "run" / "metrics.jsonl")))
    assert first["metrics"]["loop/suspend_seconds"] > 0


def test_an_interrupt_while_the_policy_plays_saves_a_checkpoint_and_resume_goes_on(
    tmp_path: Path, command: Callable[..., list[str]], environment: Mapping[str, str]
) -> None:
    def rlef(*words: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(command(*words), cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60, check=False)

    wanted = (*FLATMATES, "devices.colocate=true", "policy.interrupt_at=2", "training.checkpoint_every=100")
    stopped = rlef("run", "playground.yaml", *(word for override in wanted for word in ("--set", override)))
    assert stopped.returncode == ExitCode.INTERRUPTED, stopped.stderr
    assert "night suspend, day resume, day save, day close" in calls(tmp_path)
    assert read_checkpoint(tmp_path / "run" / "checkpoints" / "1").state.updates == 1
    (tmp_path / "run" / "calls.txt").unlink()
    resumed = rlef("resume", "run")
    assert resumed.returncode == 0, resumed.stderr
    assert calls(tmp_path).startswith(TOGETHER + "day restore, day publish, night resume, night load")


@pytest.mark.parametrize(
    ("who", "role", "call"), [("night", "policy", "suspend"), ("night", "policy", "resume"), ("day", "optimizer", "suspend")]
)
def test_one_that_cannot_be_moved_is_named_with_the_call(play: Play, who: str, role: str, call: str) -> None:
    with pytest.raises(ComponentError, match=rf"{role} '{who}' \(plugin flatmates, .*\) failed in {call}: RuntimeError: it would not"):
        play("devices.colocate=true", f"{role}.fails={call}")


@pytest.mark.repository
def test_a_run_that_takes_turns_learns_the_same_bits(tmp_path: Path) -> None:
    (tmp_path / "spec.yaml").write_text(SPEC)
    quiet = Session(lambda line: None)
    for name, colocate in (("apart", "false"), ("shared", "true")):
        run(tmp_path / "spec.yaml", [f"run.directory={tmp_path / name}", f"devices.colocate={colocate}"], session=quiet)
    files = [path for path in (tmp_path / "apart" / "checkpoints").rglob("*") if path.suffix in (".safetensors", ".json")]
    files = [path for path in files if path.name not in ("manifest.json", "random.safetensors")]  # torch's, of this process
    assert {path.name for path in files} >= {"policy-adamw.safetensors", "critic.safetensors", "model.safetensors"}
    for path in files:
        assert path.read_bytes() == (tmp_path / "shared" / path.relative_to(tmp_path / "apart")).read_bytes(), path
    seconds = [line["metrics"].get("loop/suspend_seconds", 0.0) for line in read_journal(tmp_path / "shared" / "metrics.jsonl")]
    assert all(each > 0 for each in seconds)
