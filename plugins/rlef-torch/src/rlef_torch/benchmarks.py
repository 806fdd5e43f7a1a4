"""What the policy and the optimizers are measured beside, and what they shall reach, in `rlef-core bench policy` and `optimizer`."""

from typing import Literal

from attrs import frozen

from rlef_core import Benchmark, Component, Context, Goal, Offer, Optimizer, Policy, component, positive, setting


@frozen
class PlainGenerateConfig:
    """`transformers-generate` has no settings."""


@frozen
class BarePassesConfig:
    """Settings of the baseline `bare-passes`: those that it shares with `ppo`, whose values it takes."""

    passes: int = setting(1, help="times that every trajectory of a collection is passed through", validator=positive)
    micro_batch_tokens: int = setting(16384, help="most tokens of one forward pass, padding included", validator=positive)
    gradient_checkpointing: bool = setting(False, help="compute activations twice to hold fewer of them")
    dtype: Literal["float32", "bfloat16"] = setting("float32", help="dtype of matrix products; weights are kept in float32")


def build_plain_generate(config: PlainGenerateConfig, context: Context) -> Policy:
    """Load the model; raises ModelError when there is no usable model."""
    from rlef_torch.plain_generate import PlainGenerate  # noqa: PLC0415  # torch, for runs only

    return PlainGenerate.build(context)


def build_bare_passes(config: BarePassesConfig, context: Context) -> Optimizer:
    """Load the policy, the critic and the reference; raises ModelError when there is no usable model."""
    from rlef_torch.bare_passes import BarePasses  # noqa: PLC0415  # torch, for runs only

    return BarePasses(config, context)


PLAIN_GENERATE: Component[Policy] = component(
    name="transformers-generate",
    summary="one call of transformers' generate for all who wait, every conversation computed anew each turn, without log-probs",
    config=PlainGenerateConfig,
    build=build_plain_generate,
    example=PlainGenerateConfig,
)

BARE_PASSES: Component[Optimizer] = component(
    name="bare-passes",
    summary="the forward and backward passes of an update of PPO, and nothing else",
    config=BarePassesConfig,
    build=build_bare_passes,
    offers=lambda config: Offer(weight_schemes=("unchanged",)),
)

POLICIES = Benchmark(
    "policy",
    baselines=(PLAIN_GENERATE,),
    goals=(
        Goal("transformers", "turn1/tokens_per_second", at_least=1.4, times="transformers-generate"),
        Goal("transformers", "turn2/tokens_per_second", at_least=2.0, times="transformers-generate"),
        Goal("transformers", "turn3/tokens_per_second", at_least=2.0, times="transformers-generate"),
    ),
    beside=("transformers",),
)

OPTIMIZERS = Benchmark(
    "optimizer", baselines=(BARE_PASSES,), goals=(Goal("ppo", "seconds_per_collection", at_most=1.1, times="bare-passes"),)
)
