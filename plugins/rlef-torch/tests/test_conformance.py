"""The policy and the optimizers keep what rlef-core's conformance kit asks of every policy and optimizer."""

from collections.abc import Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
from attrs import evolve
from transformers import AutoModelForCausalLM

from rlef_core import Trajectory, UpdateReport, Weights
from rlef_core.testing import OptimizerSubject, OptimizerSuite, PolicySubject, PolicySuite
from rlef_torch.config import TransformersConfig
from rlef_torch.families import GrpoConfig, PpoConfig, RlooConfig, SftConfig
from rlef_torch.grpo import make_grpo
from rlef_torch.optimizer import TorchOptimizer
from rlef_torch.policy import TransformersPolicy
from rlef_torch.ppo import make_ppo
from rlef_torch.pupil import Pupil
from rlef_torch.rloo import make_rloo
from rlef_torch.sft import make_sft

VISIBLE: Any = {"learning_rate": 1e-3, "warmup_updates": 0}
PPO = PpoConfig(**VISIBLE, kl_coefficient=0.1)


class TestTransformersPolicy(PolicySuite):
    @pytest.fixture
    def subject(self, context: Any, published: "Published") -> PolicySubject:
        return policy_subject(TransformersPolicy, context, published)


class TestPpo(OptimizerSuite):
    @pytest.fixture
    def subject(self, context: Any, published: "Published") -> OptimizerSubject:
        return optimizer_subject(TorchOptimizer, context, published)


class TestGrpo(OptimizerSuite):
    @pytest.fixture
    def subject(self, context: Any, published: "Published") -> OptimizerSubject:
        return optimizer_subject(TorchOptimizer, context, published, make_grpo, GrpoConfig(**VISIBLE, kl_coefficient=0.1))


class TestRloo(OptimizerSuite):
    @pytest.fixture
    def subject(self, context: Any, published: "Published") -> OptimizerSubject:
        return optimizer_subject(TorchOptimizer, context, published, make_rloo, RlooConfig(**VISIBLE, kl_coefficient=0.1))


class TestSft(OptimizerSuite):
    """It leaves out what was punished, has no reference to be held by, and no advantage of a turn to report."""

    punishes = False
    kl = False
    reports_turns = False

    @pytest.fixture
    def subject(self, context: Any, published: "Published") -> OptimizerSubject:
        return optimizer_subject(TorchOptimizer, context, published, make_sft, SftConfig(**VISIBLE, loss_on="all"))


def policy_subject(kind: type[TransformersPolicy], context: Any, published: "Published") -> PolicySubject:
    return PolicySubject(
        lambda: kind.build(TransformersConfig(), context),
        max_length=context.model.max_length,
        weights=published.weights,
        logprobs=published.logprobs,
        control_tokens=("<|start|>", "<|end|>"),
    )


def optimizer_subject(
    kind: type[TorchOptimizer], context: Any, published: "Published", make: Any = make_ppo, config: Any = PPO
) -> OptimizerSubject:
    whole = evolve(context, sequences_per_update=8)
    return OptimizerSubject(
        lambda: kind.build(make, config, whole),
        published.logprobs,
        vocabulary=300,
        build_split=lambda: kind.build(make, evolve(config, micro_batch_tokens=1, logprob_chunk_tokens=3), whole),
    )


class Published:
    """Publications of models of one shape, and what a plain forward pass says of any."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self.models = [AutoModelForCausalLM.from_pretrained(folder) for folder in folders]

    def weights(self, version: int) -> Weights:
        return Weights(version, "memory", dict(self.models[version % len(self.models)].named_parameters()))

    @torch.no_grad()
    def logprobs(self, weights: Weights, prompt_ids: Sequence[int], ids: Sequence[int], temperature: float) -> list[float]:
        whole = torch.tensor([[*prompt_ids, *ids]])
        logits = torch.func.functional_call(self.models[0], weights.payload, (whole,)).logits[0, len(prompt_ids) - 1 : -1]
        return (logits / temperature).log_softmax(-1).gather(-1, whole[0, len(prompt_ids) :, None])[:, 0].tolist()


@pytest.fixture(scope="session")
def published(make_model: Any) -> Published:
    return Published([make_model(seed=seed) for seed in (1, 2, 3)])


class KeepsCachesOfOldWeights(TransformersPolicy):
    def _take(self, weights: Weights) -> None:
        with torch.no_grad():
            for name, parameter in self.model.named_parameters():
                parameter.copy_(weights.payload[name])
        self._decoder.version = weights.version


class IsStaleAfterLoad(TransformersPolicy):
    def _take(self, weights: Weights) -> None:
        super()._take(weights if weights.version < 2 else evolve(weights, payload=None))


@pytest.mark.parametrize("mutant", [KeepsCachesOfOldWeights, IsStaleAfterLoad])
async def test_a_policy_that_mixes_old_weights_and_new_is_caught(mutant: type[TransformersPolicy], context: Any, published: Any) -> None:
    with pytest.raises(AssertionError, match="nats from those of the new weights"):
        await PolicySuite().test_after_a_load_every_new_token_is_of_the_new_weights(policy_subject(mutant, context, published))


class TrainsFeedback(TorchOptimizer):
    async def update(self, collection: Sequence[Trajectory]) -> UpdateReport:
        return await super().update([widened(trajectory) for trajectory in collection])


def widened(trajectory: Trajectory) -> Trajectory:
    """The second answer begins just after the first one; a low behaviour log-prob gives every token its full weight."""
    first, *later = trajectory.turns
    turns = (first, *(evolve(turn, start=first.stop + 1) for turn in later))
    return evolve(
        trajectory,
        turns=turns,
        trained=tuple(place >= first.start for place in range(len(trajectory.ids))),
        logprobs=(-20.0,) * len(trajectory.ids),
    )


class FlipsTheAdvantage(TorchOptimizer):
    async def update(self, collection: Sequence[Trajectory]) -> UpdateReport:
        return await super().update([flipped(trajectory) for trajectory in collection])


def flipped(trajectory: Trajectory) -> Trajectory:
    return evolve(trajectory, turns=tuple(evolve(turn, reward=-turn.reward) for turn in trajectory.turns))


class DropsTheKl(TorchOptimizer):
    @classmethod
    def build(cls, make: Any, config: Any, context: Any) -> TorchOptimizer:
        return super().build(make, evolve(config, kl_coefficient=0.0), context)


class ForgetsMoments(TorchOptimizer):
    async def restore(self, directory: Path) -> None:
        stepper = self.learner.updater.pupils["policy"].stepper
        fresh = stepper.state()
        await super().restore(directory)
        stepper.restore(fresh)


class PublishesStaleWeights(TorchOptimizer):
    async def update(self, collection: Sequence[Trajectory]) -> UpdateReport:
        self.before = {name: each.detach().clone() for name, each in self.learner.policy.model.named_parameters()}
        return await super().update(collection)

    @asynccontextmanager
    async def _publish(self, scheme: str) -> Any:
        async with super()._publish(scheme) as weights:
            yield evolve(weights, payload=getattr(self, "before", weights.payload))


CAUGHT = [
    (TrainsFeedback, "feedback_is_not_learnt"),
    (FlipsTheAdvantage, "rewarded_answers_become_likelier"),
    (FlipsTheAdvantage, "punished_answers_become_rarer"),
    (DropsTheKl, "without_rewards_the_policy_is_pulled_back"),
]


@pytest.mark.parametrize(("mutant", "check"), CAUGHT)
async def test_an_optimizer_that_learns_the_wrong_thing_is_caught(mutant: Any, check: str, context: Any, published: Any) -> None:
    with pytest.raises(AssertionError, match="nats a token"):
        await getattr(OptimizerSuite(), f"test_{check}")(optimizer_subject(mutant, context, published))


async def test_an_optimizer_that_forgets_its_moments_is_caught(context: Any, published: Any, tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="nats apart"):
        await OptimizerSuite().test_a_restored_optimizer_goes_on_exactly(optimizer_subject(ForgetsMoments, context, published), tmp_path)


async def test_an_optimizer_that_publishes_stale_weights_is_caught(context: Any, published: Any, tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="they are stale"):
        await OptimizerSuite().test_a_publication_is_of_the_weights_just_learnt(
            optimizer_subject(PublishesStaleWeights, context, published), tmp_path
        )


class MicroBatchesCountAlike(Pupil[Any]):
    """Each has the same weight, however many tokens it holds."""

    __slots__ = ()

    def backward(self, lessons: Any, batch: Any, count: float, *, last: bool) -> Any:
        return super().backward(lessons, batch, sum(map(self.count, lessons)), last=last)


class AveragesAverages(TorchOptimizer):
    @classmethod
    def build(cls, make: Any, config: Any, context: Any) -> TorchOptimizer:
        optimizer = super().build(make, config, context)
        optimizer.learner.updater.pupils["policy"].__class__ = MicroBatchesCountAlike
        return optimizer


async def test_an_optimizer_whose_micro_batches_count_alike_is_caught(context: Any, published: Any) -> None:
    with pytest.raises(AssertionError, match="nats apart"):
        await OptimizerSuite().test_the_same_is_learnt_however_the_work_is_split(optimizer_subject(AveragesAverages, context, published))
