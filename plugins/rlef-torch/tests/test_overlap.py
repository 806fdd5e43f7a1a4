"""Real engines that play and learn at once: every token knows its version, and its importance weight says how far the policy has moved."""

import json
from pathlib import Path
from typing import Any

import pytest

from rlef_core import read_episodes, run
from rlef_core.training.session import Session

SPEC = """\
name: overlap
model: {path: "tiny:programs", max_length: 256}
threads: {policy: 1, optimizer: 1}
tasks: {train: {use: tiny-programs}}
policy: {use: transformers, batch_size: 6}
executor: {use: unsafe-subprocess}
feedback: {use: failing-cases}
rewards: [{use: rlef}]
rollout: {concurrency: 7, sampling: {max_tokens: 32}}
optimizer: {use: ppo, learning_rate: 1e-3, warmup_updates: 2, micro_batch_tokens: 512}
training: {updates: 14, episodes_per_collection: 8, sequences_per_update: 4, max_staleness: 2}
"""


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of seven collections."""
    folder = tmp_path_factory.mktemp("overlap")
    (folder / "spec.yaml").write_text(SPEC)
    run(folder / "spec.yaml", [f"run.directory={folder / 'run'}"], session=Session(lambda line: None))
    return folder / "run"


@pytest.fixture
def metrics(directory: Path) -> list[dict[str, Any]]:
    return [json.loads(line)["metrics"] for line in (directory / "metrics.jsonl").read_text().splitlines()]


def test_no_token_is_older_than_allowed_and_some_are_old(directory: Path, metrics: list[dict[str, Any]]) -> None:
    ages = [
        episode.id.collection - span.version for episode in read_episodes(directory) for turn in episode.turns for span in turn.action.spans
    ]
    assert min(ages) >= 0
    assert 1 <= max(ages) <= 2
    assert max(ages) == max(each["rollout/staleness_max"] for each in metrics)


def test_tokens_of_the_newest_version_agree_with_the_trainer_also_among_older_ones(metrics: list[dict[str, Any]]) -> None:
    compared = [each["optimizer/parity_max"] for each in metrics if "optimizer/parity_max" in each]
    assert compared
    assert max(compared) < 1e-4


def test_older_tokens_weigh_less_and_none_more(metrics: list[dict[str, Any]]) -> None:
    stale = [each["optimizer/importance_weight"] for each in metrics if each["rollout/staleness"] >= 1]
    assert stale
    assert max(stale) < 0.999
