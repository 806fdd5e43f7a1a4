"""An optimizer begins with another run's weights, of its own family or of another, and takes nothing else."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from transformers import AutoConfig

from rlef_core import CheckpointError, EpisodeId, Trajectory, TurnSpan
from rlef_torch.families import GrpoConfig, PpoConfig, SftConfig
from rlef_torch.grpo import make_grpo
from rlef_torch.optimizer import TorchOptimizer
from rlef_torch.ppo import make_ppo
from rlef_torch.sft import make_sft

FAST: Any = {"learning_rate": 1e-2, "warmup_updates": 0}
FAMILIES: dict[str, tuple[Any, Any]] = {
    "ppo": (make_ppo, PpoConfig(**FAST)),
    "grpo": (make_grpo, GrpoConfig(**FAST)),
    "sft": (make_sft, SftConfig(**FAST)),
}


@asynccontextmanager
async def built(context: Any, family: str) -> AsyncIterator[TorchOptimizer]:
    optimizer = TorchOptimizer.build(*FAMILIES[family], context)
    try:
        yield optimizer
    finally:
        await optimizer.close()


def collection() -> list[Trajectory]:
    """A rewarded episode of a task and one that is punished."""
    sampled = (False,) * 4 + (True,) * 3
    return [
        Trajectory(
            EpisodeId("train", 0, "task", number),
            tuple(range(10 * number, 10 * number + 7)),
            sampled,
            (-5.0,) * 7,
            tuple(0 if own else -1 for own in sampled),
            (TurnSpan(4, 7, earned),),
            1.0,
        )
        for number, earned in enumerate((1.0, -1.0))
    ]


def weights(optimizer: TorchOptimizer) -> dict[str, list[Tensor]]:
    """The weights of every pupil and of the fixed modules."""
    modules = {name: pupil.module for name, pupil in optimizer.learner.updater.pupils.items()}
    modules |= {f"fixed {place}": module for place, module in enumerate(optimizer.learner.fixed)}
    return {name: [parameter.detach().clone() for parameter in module.parameters()] for name, module in modules.items()}


def same(first: list[Tensor], second: list[Tensor]) -> bool:
    return all(torch.equal(one, other) for one, other in zip(first, second, strict=True))


@pytest.mark.parametrize(
    ("origin", "family", "taken"), [("ppo", "ppo", {"policy", "critic"}), ("ppo", "grpo", {"policy"}), ("sft", "ppo", {"policy"})]
)
async def test_the_modules_that_both_have_are_taken_and_nothing_else(
    context: Any, tmp_path: Path, origin: str, family: str, taken: set[str]
) -> None:
    async with built(context, origin) as old, built(context, family) as new:
        await old.update(collection())
        await old.save(tmp_path)
        theirs, before = weights(old), weights(new)
        await new.start_from(tmp_path)
        after = weights(new)
        assert {name for name in after if not same(after[name], before[name])} == taken
        assert all(same(after[name], theirs[name]) for name in taken)
        assert (new.version, new.learner.updater.updates) == (0, 0)
        assert all(not pupil.stepper.state() for pupil in new.learner.updater.pupils.values())
        report = await new.update(collection())
        assert report.metrics["optimizer/kl"] != 0  # the reference is still the model of the context


async def test_weights_of_a_model_of_another_size_are_refused_and_nothing_changes(
    context: Any, make_model: Any, with_model: Any, tmp_path: Path
) -> None:
    config = AutoConfig.from_pretrained(context.model.path)
    config.intermediate_size = 48
    async with built(with_model(make_model(config)), "grpo") as old, built(context, "grpo") as new:
        await old.save(tmp_path)
        before = weights(new)
        with pytest.raises(CheckpointError, match=r"cannot be taken .*stand on one side only.* the same model"):
            await new.start_from(tmp_path)
        assert same(weights(new)["policy"], before["policy"])


async def test_a_folder_without_weights_is_refused(context: Any, tmp_path: Path) -> None:
    async with built(context, "grpo") as new:
        with pytest.raises(CheckpointError, match="cannot be taken"):
            await new.start_from(tmp_path / "nothing")
