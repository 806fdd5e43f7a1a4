"""A deterministic run, killed at every named point of the loop and resumed each time, ends as the unbroken run does, bit for bit."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from rlef_core import Episode, Execution, read_episodes

pytestmark = pytest.mark.repository

SPEC = """\
name: exact
run: {directory: run, seed: 5}
model: {path: "tiny:programs", max_length: 256}
threads: {policy: 1, optimizer: 1}
tasks: {train: {use: tiny-programs}, evaluation: {use: tiny-programs}}
policy: {use: transformers, batch_size: 6}
executor: {use: unsafe-subprocess}
feedback: {use: failing-cases}
rewards: [{use: rlef}]
rollout: {deterministic: true, concurrency: 7, sampling: {max_tokens: 32}}
optimizer: {use: ppo, learning_rate: 1e-3, warmup_updates: 2, micro_batch_tokens: 512}
training: {updates: 40, episodes_per_collection: 8, sequences_per_update: 4, checkpoint_every: 2}
evaluation: {episodes: 6, every: 8, single_turn: true}
"""
POINTS = {"draw", "play", "episode", "answer", "prefill", "decode", "program", "update", "score", "step", "publish", "record"}
POINTS |= {"checkpoint", "write", "seal", "put in place", "prune", "evaluate"}
CLOCKS = ("seconds", "_per_second", "loop/idle_share", "executor/cache_hit_rate", "executor/retries")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`whole` and `killed`: the run's directory, unbroken and broken."""
    folder = tmp_path_factory.mktemp("exact")
    (folder / "spec.yaml").write_text(SPEC)
    script = Path(__file__).parent / "plugins" / "killed_runs.py"
    modules = ("rlef_torch.optimizer", "rlef_torch.policy")
    argv = [sys.executable, "-W", "ignore", script, folder / "spec.yaml", folder, *modules]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stderr
    return folder


def test_it_was_killed_at_every_point_of_the_loop(folder: Path) -> None:
    points = {tuple(point) for point in json.loads((folder / "points.json").read_text())}
    assert {name for name, _ in points} == POINTS, "a new span is a new point, an old one was renamed"
    assert {("update", "end"), ("publish", "end"), ("record", "end"), ("put in place", "end")} <= points


def test_weights_moments_and_counters_are_the_same_bits(folder: Path) -> None:
    files = [path for path in (folder / "whole" / "checkpoints" / "40" / "optimizer").rglob("*") if path.is_file()]
    assert any(path.name.startswith("policy-adamw") for path in files)
    for path in files:
        assert path.read_bytes() == (folder / "killed" / path.relative_to(folder / "whole")).read_bytes(), path.name


def test_metrics_are_the_same_apart_from_clocks_and_hits_of_the_cache(folder: Path) -> None:
    whole, killed = (lines(folder / name / "metrics.jsonl") for name in ("whole", "killed"))
    assert [line["collection"] for line in whole] == list(range(20))
    for one, other in zip(whole, killed, strict=True):
        assert without_clocks(one["metrics"]) == without_clocks(other["metrics"])
        assert (one["collection"], one["updates"]) == (other["collection"], other["updates"])


def test_evaluations_are_the_same(folder: Path) -> None:
    whole, killed = (lines(folder / name / "evaluations.jsonl") for name in ("whole", "killed"))
    assert [line["name"] for line in whole] == ["base", *(f"update-{done}" for done in (8, 16, 24, 32)), "trained", "trained_single_turn"]
    assert whole == killed
    assert (folder / "whole" / "summary.json").read_text() == (folder / "killed" / "summary.json").read_text()


@pytest.mark.parametrize("purpose", ["train", "base", "update-16", "trained"])
def test_episodes_are_the_same_none_lost_and_none_twice(folder: Path, purpose: str) -> None:
    whole, killed = (list(read_episodes(folder / name, purpose=purpose)) for name in ("whole", "killed"))
    assert len({episode.id for episode in killed}) == len(killed)
    assert [timeless(episode) for episode in whole] == [timeless(episode) for episode in killed]
    assert any(turn.execution for episode in whole for turn in episode.turns), "no program ran, so that nothing was shown"


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def without_clocks(metrics: dict[str, float]) -> dict[str, float]:
    return {name: value for name, value in metrics.items() if not name.endswith(CLOCKS)}


def timeless(episode: Episode) -> Episode:
    """The episode without what clocks and the kernel said of its programs."""

    def still(execution: Execution | None) -> Execution | None:
        if execution is None:
            return None
        return Execution(tuple(evolve(one, cpu_seconds=0, wall_seconds=0, peak_memory_bytes=0) for one in execution.judgements))

    turns = tuple(evolve(turn, execution=still(turn.execution)) for turn in episode.turns)
    return evolve(episode, turns=turns, private=still(episode.private))
