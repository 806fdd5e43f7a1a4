"""Two ranks in processes of their own learn what one learns, and either number takes up what the other has saved."""

import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from attrs import frozen

from rlef_core import ModelSpec
from rlef_core.testing import BuildContext
from rlef_deepspeed.config import DeepSpeedPpoConfig
from rlef_deepspeed.rank import Rank
from rlef_deepspeed.recipe import Recipe
from rlef_deepspeed.testing import COLLECTION, FAST, TOLERANCE, distance, learn, poisoned, weights

STAGES = (0, 2, 3)


@frozen(eq=False)
class Pair:
    """Where two ranks have saved, what they had learnt at each stage, and one rank that did the same."""

    directory: Path
    results: dict[str, Any]
    alone: Rank


@pytest.fixture(scope="module")
def two_ranks(llama: Path, tmp_path_factory: pytest.TempPathFactory) -> Pair:
    directory = tmp_path_factory.mktemp("two")
    context = BuildContext(directory, ModelSpec(str(llama), max_length=256))
    alone = Rank(Recipe.of(DeepSpeedPpoConfig(**FAST), context), 0, 1, 0)
    learn(alone, 0, 1)
    alone.save(_folder(directory, "alone"), 2)
    learn(alone, 2)
    recipes = {
        str(stage): Recipe.of(DeepSpeedPpoConfig(**{**FAST, "world_size": 2, "zero_stage": stage}), context).to_json() for stage in STAGES
    }
    torch.save({"recipes": recipes, "collection": COLLECTION, "poisoned": poisoned()}, directory / "plan.pt")
    port = _free_port()
    started = [_started(directory, number, port) for number in range(2)]
    output = [process.communicate(timeout=240)[0] for process in started]
    assert [process.returncode for process in started] == [0, 0], output
    return Pair(directory, torch.load(directory / "results.pt"), alone)


@pytest.mark.parametrize("stage", STAGES)
def test_two_ranks_learn_what_one_learns(stage: int, two_ranks: Pair) -> None:
    assert distance(two_ranks.results[str(stage)]["after"], weights(two_ranks.alone)) <= TOLERANCE


@pytest.mark.parametrize("stage", STAGES)
def test_two_ranks_go_on_exactly_and_one_after_the_other_number_closely(stage: int, two_ranks: Pair) -> None:
    found = two_ranks.results[str(stage)]
    assert distance(found["resumed"], found["after"]) == 0
    assert distance(found["from one rank"], weights(two_ranks.alone)) <= TOLERANCE
    policy = {f"policy.{name}": tensor for name, tensor in found["published"].items()}
    assert distance(policy, {name: found["from one rank"][name] for name in policy}) == 0


@pytest.mark.parametrize("stage", STAGES)
def test_one_rank_takes_up_what_two_have_saved(stage: int, two_ranks: Pair, context: BuildContext) -> None:
    rank = Rank(Recipe.of(DeepSpeedPpoConfig(**{**FAST, "zero_stage": 1}), context), 0, 1, 0)
    assert rank.restore(two_ranks.directory / str(stage)) == 2
    learn(rank, 2)
    assert distance(weights(rank), two_ranks.results[str(stage)]["after"]) <= TOLERANCE
    rank.close()


def test_both_ranks_stop_before_weights_change(two_ranks: Pair) -> None:
    for found in two_ranks.results.values():
        message, after = found["diverged"]
        assert "policy loss is nan" in message
        assert distance(after, found["from one rank"]) == 0


def _folder(directory: Path, name: str = "saved") -> Path:
    (directory / name).mkdir()
    return directory / name


def _started(directory: Path, number: int, port: int) -> "subprocess.Popen[str]":
    group = {"RANK": str(number), "WORLD_SIZE": "2", "LOCAL_RANK": str(number), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    command = [sys.executable, "-W", "ignore", str(Path(__file__).with_name("two_ranks.py")), str(directory)]
    return subprocess.Popen(command, env={**os.environ, **group}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
