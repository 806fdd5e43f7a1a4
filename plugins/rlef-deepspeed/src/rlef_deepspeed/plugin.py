"""Offer the optimizer `deepspeed-ppo` to rlef-core; DeepSpeed is imported when one is built."""

import sys
from collections.abc import Iterable, Sequence
from contextlib import redirect_stdout

from attrs import evolve

from rlef_core import Component, Context, Health, MemoryQuestion, MemoryUse, Offer, Optimizer, component, hookimpl
from rlef_deepspeed.config import METRICS, DeepSpeedPpoConfig
from rlef_deepspeed.health import missing, report
from rlef_torch.families import ppo_offer


def build_deepspeed_ppo(config: DeepSpeedPpoConfig, context: Context) -> Optimizer:
    """Start the ranks; raises ModelError when there is no usable model, RankError when a rank cannot start."""
    with redirect_stdout(sys.stderr):  # DeepSpeed logs to what is standard output when it is imported, where commands print JSON
        from rlef_deepspeed.optimizer import DeepSpeedOptimizer

    return DeepSpeedOptimizer.build(config, context)


def offer(config: DeepSpeedPpoConfig) -> Offer:
    """What `deepspeed-ppo` would do with a config, here."""
    return evolve(ppo_offer(config), unavailable=missing(lora=config.lora_rank is not None))


def memory(config: DeepSpeedPpoConfig, question: MemoryQuestion) -> Sequence[MemoryUse]:
    """What all ranks would hold; raises ModelError when the model's config cannot be had, UsageError for a wrong hostfile."""
    from rlef_deepspeed.memory import optimizer_memory

    return optimizer_memory(config, question)


@hookimpl
def rlef_register_optimizers() -> Iterable[Component[Optimizer]]:
    """Offer `deepspeed-ppo`."""
    return [
        component(
            name="deepspeed-ppo",
            summary="PPO as `ppo` does it, on DeepSpeed's engines: ZeRO, offloading, low precision, LoRA, one rank or many",
            config=DeepSpeedPpoConfig,
            build=build_deepspeed_ppo,
            offers=offer,
            example=DeepSpeedPpoConfig,
            metrics=METRICS,
            memory=memory,
        )
    ]


@hookimpl
def rlef_report_health() -> Iterable[Health]:
    """DeepSpeed and what it compiles with."""
    return report()
