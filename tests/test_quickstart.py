"""The quickstart in short: it learns, survives a kill -9, and leaves its table, its picture and a model that can be loaded."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.repository

SPEC = Path(__file__).parent.parent / "docs" / "specs" / "quickstart.yaml"
SHORT = {
    "run.directory": "quickstart",
    "training.updates": 28,
    "training.checkpoint_every": 4,
    "evaluation.episodes": 300,
}


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, "subprocess.CompletedProcess[str]"]:
    """A short quickstart that was killed after its second checkpoint and resumed to its end."""
    folder = tmp_path_factory.mktemp("quickstart")
    sets = [word for key, value in SHORT.items() for word in ("--set", f"{key}={value}")]
    run = folder / "quickstart"
    with (folder / "log").open("w") as log:
        process = subprocess.Popen([sys.executable, "-m", "rlef_core", "run", str(SPEC), *sets], cwd=folder, stderr=log, env=ENVIRONMENT)
        deadline = time.monotonic() + 600
        while not (run / "checkpoints" / "8" / "manifest.json").exists():
            assert process.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
        process.wait()
    resumed = subprocess.run(
        [sys.executable, "-m", "rlef_core", "resume", str(run)],
        cwd=folder,
        capture_output=True,
        text=True,
        env=ENVIRONMENT,
        timeout=1200,
        check=False,
    )
    assert resumed.returncode == 0, resumed.stderr
    return run, resumed


ENVIRONMENT = {**os.environ, "OMP_WAIT_POLICY": "PASSIVE"}


def test_it_learns_to_use_the_feedback(finished: tuple[Path, object]) -> None:
    summary = json.loads((finished[0] / "summary.json").read_text())
    assert set(summary) == {"base", "trained", "trained_random_feedback", "trained_single_turn", "blind_ceiling"}
    assert all(summary[name]["episodes"] == 300 for name in summary if name != "blind_ceiling")
    trained = summary["trained"]["solve_rate"]
    assert trained > summary["base"]["solve_rate"] + 0.15
    assert trained > summary["trained_random_feedback"]["solve_rate"] + 0.15
    assert trained > summary["trained_single_turn"]["solve_rate"] + 0.15
    assert summary["trained"]["solve_rate_by_turn"] == sorted(summary["trained"]["solve_rate_by_turn"])


def test_no_collection_is_lost_or_played_twice_after_a_kill(finished: tuple[Path, object]) -> None:
    lines = [json.loads(line) for line in (finished[0] / "metrics.jsonl").read_text().splitlines()]
    assert [line["collection"] for line in lines] == list(range(14))
    assert [line["updates"] for line in lines] == list(range(2, 30, 2))
    episodes = (finished[0] / "episodes" / "train.jsonl").read_text().splitlines()
    assert len(episodes) == 14 * 256


def test_the_sampler_and_the_trainer_agree_on_every_log_prob(finished: tuple[Path, object]) -> None:
    lines = [json.loads(line)["metrics"] for line in (finished[0] / "metrics.jsonl").read_text().splitlines()]
    assert max(line["optimizer/parity_max"] for line in lines) < 1e-3


def test_it_prints_a_table_and_draws_a_picture(finished: tuple[Path, "subprocess.CompletedProcess[str]"]) -> None:
    run, resumed = finished
    assert (run / "learning.png").read_bytes().startswith(b"\x89PNG")
    for name in ("base", "trained", "trained_random_feedback", "trained_single_turn", "blind ceiling"):
        assert name in resumed.stdout


def test_the_trained_policy_can_be_loaded_as_a_model(finished: tuple[Path, object]) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    folder = finished[0] / "checkpoints" / "28" / "optimizer" / "policy"
    assert AutoModelForCausalLM.from_pretrained(folder).num_parameters() <= 2_000_000
    assert AutoTokenizer.from_pretrained(folder).chat_template
