"""The baseline `bare-passes`: the passes of an update without what makes it learn."""

import subprocess
import sys
from typing import Any

import pytest
import torch

from rlef_core import EpisodeId, Trajectory, TurnSpan
from rlef_torch.bare_passes import BarePasses
from rlef_torch.benchmarks import BarePassesConfig
from rlef_torch.plugin import rlef_register_benchmarks

BASELINES = {each.name: each for benchmark in rlef_register_benchmarks() for each in benchmark.baselines}


def trajectory(number: int, length: int) -> Trajectory:
    """`length` tokens, of which the last 4 were sampled."""
    sampled = (False,) * (length - 4) + (True,) * 4
    versions = tuple(0 if each else -1 for each in sampled)
    ids = tuple((7 * number + place) % 200 for place in range(length))
    turns = (TurnSpan(length - 4, length, 1.0),)
    return Trajectory(EpisodeId("bench", 0, "task", number), ids, sampled, (0.0,) * length, versions, turns, 1.0)


COLLECTION = [trajectory(number, 10 + 3 * number) for number in range(6)]


@pytest.fixture
async def bare(context: Any):
    built = BASELINES["bare-passes"].build(BarePassesConfig(passes=2), context)
    yield built
    await built.close()


async def test_the_weights_stay_and_updates_and_padding_are_counted(bare: BarePasses) -> None:
    before = [parameter.clone() for parameter in bare._policy.parameters()]
    reports = [await bare.update(COLLECTION) for _ in range(2)]
    assert [report.updates for report in reports] == [4, 4]  # six trajectories, four an update, twice
    assert reports[0].metrics["optimizer/padding_share"] == pytest.approx(1 - sum(len(each.ids) for each in COLLECTION) / (6 * 25))
    assert all(torch.equal(was, now) for was, now in zip(before, bare._policy.parameters(), strict=True))


async def test_gradients_are_of_the_sampled_ids_whatever_stands_beside_them(bare: BarePasses) -> None:
    one, two = COLLECTION[0], COLLECTION[5]
    sums = [bare._logprobs(bare._policy, batch)[batch.sampled].sum().item() for batch in map(bare._pack, ([one], [two], [one, two]))]
    assert sums[2] == pytest.approx(sums[0] + sums[1], rel=1e-4)
    ids = torch.tensor([one.ids])
    expected = bare._policy(input_ids=ids).logits[0].log_softmax(-1)[torch.arange(5, 9), ids[0, 6:]]
    assert sums[0] == pytest.approx(float(expected.sum()), rel=1e-4)


async def test_each_model_passes_forward_once_to_score_and_those_that_learn_once_more(bare: BarePasses) -> None:
    passes = {"policy": 0, "reference": 0, "critic": 0}

    def count(name: str) -> Any:
        def hook(*_: object) -> None:
            passes[name] += 1

        return hook

    for name, model in (("policy", bare._policy), ("reference", bare._reference), ("critic", bare._critic)):
        model.base_model.register_forward_hook(count(name))
    await bare.update(COLLECTION)
    assert passes == {"policy": 5, "reference": 1, "critic": 5}


def test_offering_baselines_imports_no_engine() -> None:
    code = "import sys, rlef_torch.plugin as p; p.rlef_register_benchmarks(); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "rlef_torch.benchmarks" in loaded
    assert not {"torch", "transformers", "numpy", "tokenizers"} & set(loaded)
