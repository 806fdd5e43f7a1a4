"""A rank in this process learns as `ppo` does, whatever DeepSpeed parts, offloads or rounds, and goes on exactly."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import deepspeed
import pytest
import torch
from deepspeed.accelerator import get_accelerator
from torch import Tensor
from transformers import AutoModelForCausalLM

from rlef_core import TrainingDiverged
from rlef_core.testing import BuildContext
from rlef_deepspeed.config import DeepSpeedPpoConfig
from rlef_deepspeed.rank import Rank
from rlef_deepspeed.recipe import Recipe
from rlef_deepspeed.testing import FAST, TOLERANCE, distance, learn, moments, poisoned, weights
from rlef_deepspeed.weights import weights_of
from rlef_deepspeed.whole import exact
from rlef_torch.checkpoint import restore as torch_restore
from rlef_torch.checkpoint import save as torch_save
from rlef_torch.checkpoint import take_weights
from rlef_torch.families import PpoConfig
from rlef_torch.ppo import make_ppo
from rlef_torch.rewarded import RewardedLearner

STAGES = (0, 1, 2, 3)


@pytest.fixture
def rank_of(context: BuildContext) -> Iterator[Callable[..., Rank]]:
    ranks: list[Rank] = []

    def make(**changes: Any) -> Rank:
        ranks.append(Rank(Recipe.of(DeepSpeedPpoConfig(**{**FAST, **changes}), context), 0, 1, 0))
        return ranks[-1]

    yield make
    for rank in ranks:
        rank.close()


@pytest.fixture
def ppo(context: BuildContext) -> RewardedLearner:
    assert context.model is not None
    return make_ppo(context.model.path, PpoConfig(**FAST), context)


def torch_weights(learner: RewardedLearner) -> dict[str, Tensor]:
    pupils = learner.updater.pupils.items()
    return {f"{name}.{key}": each.detach().clone() for name, pupil in pupils for key, each in pupil.module.named_parameters()}


def torch_moments(learner: RewardedLearner) -> dict[str, Tensor]:
    return {f"{name}.{key}": each for name, pupil in learner.updater.pupils.items() for key, each in pupil.stepper.state().items()}


@pytest.mark.parametrize("stage", STAGES)
def test_every_zero_stage_learns_what_ppo_learns(stage: int, rank_of: Callable[..., Rank], ppo: RewardedLearner) -> None:
    rank = rank_of(zero_stage=stage)
    before = torch_weights(ppo)
    assert distance(weights(rank), before) == 0
    expected, found = learn(ppo, 0, 1, 2), learn(rank, 0, 1, 2)
    assert distance(before, torch_weights(ppo)) > 4e-3
    assert distance(weights(rank), torch_weights(ppo)) <= TOLERANCE
    assert distance(moments(rank), torch_moments(ppo)) <= TOLERANCE
    assert found.pop("optimizer/skipped_steps") == 0
    assert {name: pytest.approx(value, abs=1e-4) for name, value in expected.items() if "second" not in name}.items() <= found.items()


@pytest.mark.parametrize("stage", STAGES)
def test_what_is_published_is_what_steps_moved(stage: int, rank_of: Callable[..., Rank], context: BuildContext) -> None:
    rank = rank_of(zero_stage=stage)
    learn(rank, 0)
    published = {name: tensor.clone() for name, tensor in rank.parameters().tensors()}
    entries = {entry.name: entry.shape for entry in rank.parameters().entries}
    assert {name: tuple(each.shape) for name, each in published.items()} == entries
    assert context.model is not None
    model = AutoModelForCausalLM.from_pretrained(context.model.path)
    assert published.keys() == dict(model.named_parameters()).keys()
    model.load_state_dict(published, strict=False)
    probe = rank.probe()
    with torch.no_grad():
        logprobs = model(torch.tensor([probe.ids])).logits[0].log_softmax(-1)
    expected = logprobs[:-1].gather(1, torch.tensor(probe.ids[1:]).unsqueeze(1)).squeeze(1)
    assert distance({"": torch.tensor(probe.logprobs)}, {"": expected}) < 1e-5


@pytest.mark.parametrize("stage", [0, 3])
def test_the_split_into_micro_batches_changes_nothing(stage: int, rank_of: Callable[..., Rank]) -> None:
    whole, split = rank_of(zero_stage=stage, micro_batch_tokens=10_000), rank_of(zero_stage=stage, micro_batch_tokens=20)
    learn(whole, 0, 1)
    learn(split, 0, 1)
    # AdamW divides by moments, and where they are small the order of sums counts
    assert distance(weights(whole), weights(split)) <= 5 * TOLERANCE


@pytest.mark.parametrize("stage", STAGES)
def test_a_loss_that_is_no_number_stops_before_the_weights_change(stage: int, rank_of: Callable[..., Rank]) -> None:
    rank, healthy = rank_of(zero_stage=stage), rank_of(zero_stage=stage)
    learn(rank, 0)
    before = weights(rank), moments(rank)
    with pytest.raises(TrainingDiverged, match=r"update 3: policy loss is nan.*the weights are those of update 2"):
        rank.learn(poisoned(), 1, 1)
    assert distance(weights(rank), before[0]) == distance(moments(rank), before[1]) == 0
    learn(rank, 2)  # and nothing is left of the gradients
    learn(healthy, 0, 2)
    assert distance(weights(rank), weights(healthy)) == 0


@pytest.mark.parametrize("stage", STAGES)
def test_a_gradient_that_is_no_number_stops_before_the_weights_change(stage: int, rank_of: Callable[..., Rank]) -> None:
    rank = rank_of(zero_stage=stage)
    learn(rank, 0)
    before = weights(rank)
    parameter = dict(rank.learning.steppers["critic"].module.named_parameters())["head.weight"]
    hook = parameter.register_hook(lambda gradient: gradient * float("inf"))
    with pytest.raises(TrainingDiverged, match=r"critic's gradient norm is (nan|inf)"):
        learn(rank, 1)
    hook.remove()
    assert distance(weights(rank), before) == 0


@pytest.mark.parametrize("stage", STAGES)
def test_a_saved_rank_goes_on_exactly(stage: int, rank_of: Callable[..., Rank], tmp_path: Path) -> None:
    rank = rank_of(zero_stage=stage)
    learn(rank, 0, 1)
    rank.save(_folder(tmp_path), 2)
    other = rank_of(zero_stage=stage)
    learn(other, 7)
    assert other.restore(tmp_path / "saved") == 2
    assert distance(weights(other), weights(rank)) == distance(moments(other), moments(rank)) == 0
    learn(rank, 2)
    learn(other, 2)
    assert distance(weights(other), weights(rank)) == 0


def test_a_rank_that_took_no_step_is_saved_too(rank_of: Callable[..., Rank], tmp_path: Path) -> None:
    rank = rank_of()
    rank.save(_folder(tmp_path), 0)
    learn(rank, 5)
    assert rank.restore(tmp_path / "saved") == 0
    fresh = rank_of()
    learn(rank, 0)
    learn(fresh, 0)
    assert distance(weights(rank), weights(fresh)) == 0


@pytest.mark.parametrize(("saved", "restored"), [(3, 1), (1, 3), (0, 2)])
def test_a_checkpoint_of_one_stage_is_taken_up_by_another(saved: int, restored: int, rank_of: Callable[..., Rank], tmp_path: Path) -> None:
    rank, other = rank_of(zero_stage=saved), rank_of(zero_stage=restored)
    learn(rank, 0)
    rank.save(_folder(tmp_path), 1)
    other.restore(tmp_path / "saved")
    assert distance(weights(other), weights(rank)) == distance(moments(other), moments(rank)) == 0
    learn(rank, 1)
    learn(other, 1)
    assert distance(weights(other), weights(rank)) <= TOLERANCE


def test_ppo_and_a_rank_take_up_each_others_checkpoints(rank_of: Callable[..., Rank], ppo: RewardedLearner, tmp_path: Path) -> None:
    rank = rank_of()
    learn(rank, 0)
    rank.save(_folder(tmp_path), 1)
    assert torch_restore(tmp_path / "saved", ppo) == 1
    learn(rank, 1)
    learn(ppo, 1)
    assert distance(weights(rank), torch_weights(ppo)) <= TOLERANCE
    torch_save(_folder(tmp_path, "theirs"), ppo, rank.tokenizer, 2)
    assert rank.restore(tmp_path / "theirs") == 2
    assert distance(weights(rank), torch_weights(ppo)) == distance(moments(rank), torch_moments(ppo)) == 0


def test_a_rank_starts_from_the_weights_of_ppo_and_ppo_from_those_of_a_rank(
    rank_of: Callable[..., Rank], ppo: RewardedLearner, tmp_path: Path
) -> None:
    learn(ppo, 0)
    rank = rank_of(zero_stage=3)
    torch_save(_folder(tmp_path, "theirs"), ppo, rank.tokenizer, 1)
    rank.start_from(tmp_path / "theirs")
    assert distance(weights(rank), torch_weights(ppo)) == 0
    assert not any(each.any() for each in moments(rank).values())
    learn(rank, 1)
    rank.save(_folder(tmp_path), 1)
    take_weights(tmp_path / "saved", ppo)
    assert distance(weights(rank), torch_weights(ppo)) == 0


@pytest.mark.parametrize("stage", [1, 2, 3])
def test_offloading_changes_nothing(stage: int, rank_of: Callable[..., Rank], tmp_path: Path) -> None:
    rank, offloaded = rank_of(zero_stage=stage), rank_of(zero_stage=stage, offload_optimizer=True, offload_reference=True)
    learn(rank, 0, 1)
    learn(offloaded, 0, 1)
    assert distance(weights(offloaded), weights(rank)) <= TOLERANCE
    rank.save(_folder(tmp_path), 2)
    offloaded.restore(tmp_path / "saved")
    assert distance(moments(offloaded), moments(rank)) == 0


@pytest.mark.parametrize("stage", [2, 3])
@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_low_precision_stays_near_float32_and_goes_on_exactly(
    stage: int, dtype: str, rank_of: Callable[..., Rank], ppo: RewardedLearner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _offer_float16(monkeypatch)
    rank = rank_of(zero_stage=stage, dtype=dtype)
    before = torch_weights(ppo)
    assert learn(rank, 0)["optimizer/kl"] == 0
    learn(rank, 1, 2)
    learn(ppo, 0, 1, 2)
    moved = {name: each - before[name] for name, each in torch_weights(ppo).items()}
    error = {name: each - torch_weights(ppo)[name] for name, each in weights(rank).items()}
    assert _norm(error) < 0.5 * _norm(moved)
    rank.save(_folder(tmp_path), 3)
    other = rank_of(zero_stage=stage, dtype=dtype)
    other.restore(tmp_path / "saved")
    learn(rank, 3)
    learn(other, 3)
    assert distance(weights(rank), weights(other)) == distance(moments(rank), moments(other)) == 0


@pytest.mark.parametrize("stage", [2, 3])
def test_float16_skips_steps_that_overflow_and_lowers_its_scale(
    stage: int, rank_of: Callable[..., Rank], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _offer_float16(monkeypatch)
    rank = rank_of(zero_stage=stage, dtype="float16")
    policy = rank.learning.steppers["policy"]
    policy.scale_losses({"cur_scale": 2.0**40, "cur_hysteresis": 1})
    before = weights(rank)
    metrics = learn(rank, 0)
    assert metrics["optimizer/skipped_steps"] == 2
    assert "optimizer/policy_gradient_norm" not in metrics
    moved = {name.partition(".")[0] for name, each in weights(rank).items() if (each - before[name]).any()}
    assert moved == {"critic"}
    assert policy.loss_scale()["cur_scale"] == 2.0**38
    rank.save(_folder(tmp_path), 1)
    other = rank_of(zero_stage=stage, dtype="float16")
    other.restore(tmp_path / "saved")
    assert other.learning.steppers["policy"].loss_scale() == policy.loss_scale()
    policy.scale_losses({"cur_scale": 1.0})
    monkeypatch.setattr(policy.engine.optimizer, "scaled_global_norm", lambda: torch.tensor(-1.0), raising=False)
    monkeypatch.setattr(policy.engine.optimizer, "get_fp32_grad_partitions", lambda: {0: {0: torch.tensor(float("inf"))}}, raising=False)
    with pytest.raises(TrainingDiverged, match="policy's gradient norm"):  # no scale is left to lower
        learn(rank, 1)


def _offer_float16(monkeypatch: pytest.MonkeyPatch) -> None:
    # DeepSpeed offers it on CPUs that are quick at it alone; all compute it
    monkeypatch.setattr(type(get_accelerator()), "is_fp16_supported", lambda self: True)
    monkeypatch.setattr(type(get_accelerator()), "supported_dtypes", lambda self: [torch.float32, torch.bfloat16, torch.float16])


def _norm(tensors: dict[str, Tensor]) -> float:
    return float(sum(each.square().sum() for each in tensors.values()) ** 0.5)


@pytest.mark.parametrize("stage", [1, 2, 3])
def test_a_parked_rank_holds_no_memory_and_goes_on_exactly(stage: int, rank_of: Callable[..., Rank]) -> None:
    rank, other = rank_of(zero_stage=stage), rank_of(zero_stage=stage)
    for each in (rank, other):
        learn(each, 0)
    parked = rank.park()
    weight_bytes = sum(4 * each.parameter.numel() for stepper in rank.learning.steppers.values() for each in weights_of(stepper.module))
    assert parked.bytes > (2 if stage == 3 else 3) * weight_bytes  # weights, moments, and float32 weights beside them
    assert not any(part.untyped_storage().nbytes() for stepper in rank.learning.steppers.values() for part in stepper.moments.parts)
    parked.restore()
    for each in (rank, other):
        learn(each, 1)
    assert distance(weights(rank), weights(other)) == distance(moments(rank), moments(other)) == 0


@pytest.mark.parametrize(("stage", "changes"), [(2, {}), (3, {}), (3, {"dtype": "bfloat16", "gradient_checkpointing": True})])
def test_adapters_learn_beside_frozen_weights(stage: int, changes: dict[str, Any], rank_of: Callable[..., Rank], tmp_path: Path) -> None:
    rank = rank_of(zero_stage=stage, lora_rank=4, **changes)
    policy = rank.learning.steppers["policy"].module
    before = {each.name: (each.parameter, exact(each.parameter).clone()) for each in weights_of(policy)}
    assert learn(rank, 0)["optimizer/kl"] == 0  # the reference is the model without adapters
    assert learn(rank, 1)["optimizer/kl"] != 0
    assert not any((exact(parameter) - kept).any() for parameter, kept in before.values())
    published = {name: tensor.clone() for name, tensor in rank.parameters().tensors()}
    moved = {name for name, tensor in published.items() if (tensor.float() - before[name][1]).any()}
    assert moved == {name for name in before if "_proj" in name}
    merged = {name.replace(".base_layer.", "."): tensor for name, tensor in _merged(policy).items()}
    assert distance(published, {name: merged[name] for name in published}) <= (1e-2 if changes else 1e-6)
    rank.save(_folder(tmp_path), 1)
    model = AutoModelForCausalLM.from_pretrained(tmp_path / "saved" / "policy")
    assert distance(dict(model.named_parameters()), published) <= (1e-2 if changes else 1e-6)
    other = rank_of(zero_stage=5 - stage, lora_rank=4, **changes)
    other.restore(tmp_path / "saved")
    assert distance(weights(other), weights(rank)) == distance(moments(other), moments(rank)) == 0


def _merged(model: Any) -> dict[str, Tensor]:
    # by peft's own product of matrices
    with deepspeed.runtime.zero.GatheredParameters(list(model.parameters())):
        state = {name: each.detach().clone() for name, each in model.named_parameters()}
        for name, layer in model.named_modules():
            if hasattr(layer, "get_delta_weight"):
                state[f"{name}.base_layer.weight"] += layer.get_delta_weight("default").detach()
    return state


def _folder(directory: Path, name: str = "saved") -> Path:
    (directory / name).mkdir()
    return directory / name
