"""Offer the policy `transformers` and the optimizers to rlef-core; torch is imported when one is built."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from rlef_core import (
    Benchmark,
    Component,
    Context,
    Health,
    MadeModel,
    MemoryQuestion,
    MemoryUse,
    Offer,
    Optimizer,
    Policy,
    component,
    hookimpl,
)
from rlef_torch.config import POLICY_METRICS, TransformersConfig
from rlef_torch.families import (
    POLICY_FOLDER,
    WEIGHT_SCHEMES,
    GrpoConfig,
    LearningConfig,
    PpoConfig,
    RlooConfig,
    SftConfig,
    ppo_offer,
    rewarded_offer,
)
from rlef_torch.metrics import GRPO_METRICS, PPO_METRICS, RLOO_METRICS, SFT_METRICS


def build_transformers(config: TransformersConfig, context: Context) -> Policy:
    """Load the model and start its engine; raises ModelError when there is no usable model."""
    from rlef_torch.policy import TransformersPolicy

    return TransformersPolicy.build(config, context)


def build_ppo(config: PpoConfig, context: Context) -> Optimizer:
    """Load the policy, the critic and the reference; raises ModelError when there is no usable model."""
    from rlef_torch.optimizer import TorchOptimizer
    from rlef_torch.ppo import make_ppo

    return TorchOptimizer.build(make_ppo, config, context, "ppo")


def build_grpo(config: GrpoConfig, context: Context) -> Optimizer:
    """Load the policy and the reference; raises ModelError when there is no usable model."""
    from rlef_torch.grpo import make_grpo
    from rlef_torch.optimizer import TorchOptimizer

    return TorchOptimizer.build(make_grpo, config, context, "grpo")


def build_rloo(config: RlooConfig, context: Context) -> Optimizer:
    """Load the policy and the reference; raises ModelError when there is no usable model."""
    from rlef_torch.optimizer import TorchOptimizer
    from rlef_torch.rloo import make_rloo

    return TorchOptimizer.build(make_rloo, config, context, "rloo")


def build_sft(config: SftConfig, context: Context) -> Optimizer:
    """Load the policy; raises ModelError when there is no usable model."""
    from rlef_torch.optimizer import TorchOptimizer
    from rlef_torch.sft import make_sft

    return TorchOptimizer.build(make_sft, config, context, "sft")


def policy_memory(config: TransformersConfig, question: MemoryQuestion) -> Sequence[MemoryUse]:
    """What `transformers` would hold; raises ModelError when the model's config cannot be had."""
    from rlef_torch.memory import answering

    return answering.policy_memory(config, question)


def optimizer_memory(config: LearningConfig, question: MemoryQuestion) -> Sequence[MemoryUse]:
    """What an optimizer would hold; raises ModelError when the model's config cannot be had."""
    from rlef_torch.memory import learning

    return learning.optimizer_memory(config, question)


@hookimpl
def rlef_register_policies() -> Iterable[Component[Policy]]:
    """Offer `transformers`."""
    return [
        component(
            name="transformers",
            summary="any transformers causal LM, sampled in this process",
            config=TransformersConfig,
            build=build_transformers,
            offers=lambda config: Offer(weight_schemes=("memory",), deterministic=True),
            example=TransformersConfig,
            metrics=POLICY_METRICS,
            memory=policy_memory,
        )
    ]


@hookimpl
def rlef_register_optimizers() -> Iterable[Component[Optimizer]]:
    """Offer `ppo`, `grpo`, `rloo` and `sft`."""
    return [
        component(
            name="ppo",
            summary="RLEF's PPO, with a value for each turn, in this process",
            config=PpoConfig,
            build=build_ppo,
            offers=ppo_offer,
            example=PpoConfig,
            metrics=PPO_METRICS,
            memory=optimizer_memory,
        ),
        component(
            name="grpo",
            summary="PPO's policy loss with advantages that compare the episodes of one task; no critic",
            config=GrpoConfig,
            build=build_grpo,
            offers=lambda config: rewarded_offer(config, 2),
            example=GrpoConfig,
            metrics=GRPO_METRICS,
            memory=optimizer_memory,
        ),
        component(
            name="rloo",
            summary="REINFORCE with the other episodes of a task as the baseline; no critic",
            config=RlooConfig,
            build=build_rloo,
            offers=lambda config: rewarded_offer(config, 2),
            example=RlooConfig,
            metrics=RLOO_METRICS,
            memory=optimizer_memory,
        ),
        component(
            name="sft",
            summary="cross-entropy on the answers of rewarded episodes; no rewards, no critic, no reference",
            config=SftConfig,
            build=build_sft,
            offers=lambda config: Offer(weight_schemes=WEIGHT_SCHEMES, warm_start=True, exports=POLICY_FOLDER),
            example=SftConfig,
            metrics=SFT_METRICS,
            memory=optimizer_memory,
        ),
    ]


def make_tiny_programs(cache: Path, seed: int, progress: Callable[[int, int], None]) -> Path:
    """Return the folder of the base model of taskset `tiny-programs`, trained first where it is missing: about a minute."""
    from rlef_torch.tiny import tiny_base

    return tiny_base(cache, seed, progress)


@hookimpl
def rlef_register_models() -> Iterable[MadeModel]:
    """Offer `tiny:programs`."""
    return [MadeModel("tiny:programs", "a base model of a million parameters for taskset `tiny-programs`", make_tiny_programs)]


@hookimpl
def rlef_register_benchmarks() -> Iterable[Benchmark]:
    """Offer what `transformers` and `ppo` are measured beside, and the goals that they are held to."""
    from rlef_torch.benchmarks import OPTIMIZERS, POLICIES

    return [OPTIMIZERS, POLICIES]


@hookimpl
def rlef_report_health() -> Iterable[Health]:
    """Torch and the GPUs."""
    from rlef_torch.health import findings

    return findings()
