"""Offer the policy `transformers` and the optimizer `ppo` to rlef-core; torch is imported when one is built."""

from collections.abc import Iterable

from rlef_core import Benchmark, Component, Context, Offer, Optimizer, Policy, component, hookimpl
from rlef_torch.config import OPTIMIZER_METRICS, POLICY_METRICS, PpoConfig, TransformersConfig


def build_transformers(config: TransformersConfig, context: Context) -> Policy:
    """Load the model and start its engine; raises ModelError when there is no usable model."""
    from rlef_torch.policy import TransformersPolicy

    return TransformersPolicy.build(config, context)


def build_ppo(config: PpoConfig, context: Context) -> Optimizer:
    """Load the policy, the critic and the reference; raises ModelError when there is no usable model."""
    from rlef_torch.optimizer import PpoOptimizer

    return PpoOptimizer.build(config, context)


@hookimpl
def rlef_register_policies() -> Iterable[Component[Policy]]:
    """Offer `transformers`."""
    return [
        component(
            name="transformers",
            summary="any transformers causal LM, sampled in this process",
            config=TransformersConfig,
            build=build_transformers,
            offers=lambda config: Offer(weight_schemes=("memory",)),
            example=TransformersConfig,
            metrics=POLICY_METRICS,
        )
    ]


@hookimpl
def rlef_register_optimizers() -> Iterable[Component[Optimizer]]:
    """Offer `ppo`."""
    return [
        component(
            name="ppo",
            summary="RLEF's PPO, with a value for each turn, in this process",
            config=PpoConfig,
            build=build_ppo,
            offers=lambda config: Offer(weight_schemes=("memory",)),
            example=PpoConfig,
            metrics=OPTIMIZER_METRICS,
        )
    ]


@hookimpl
def rlef_register_benchmarks() -> Iterable[Benchmark]:
    """Offer the bare passes of an update to measure `ppo` beside, and the goal that it is held to."""
    from rlef_torch.benchmarks import OPTIMIZERS

    return [OPTIMIZERS]
