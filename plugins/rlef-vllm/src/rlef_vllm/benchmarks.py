"""What the policy is measured beside, and what it shall reach, in `rlef-core bench policy`."""

from collections.abc import Callable

from attrs import evolve

from rlef_core import Benchmark, Component, Context, Goal, Offer, Policy, component
from rlef_vllm.config import VllmConfig

LEAST_SHARE = 0.95
"""Of the tokens that the engine samples in a second without the policy around it."""


def build_bare(config: VllmConfig, context: Context) -> Policy:
    """Start the engine; raises ModelError or EngineError when it cannot be used."""
    from rlef_vllm.environment import environment, log_of, quiet  # noqa: PLC0415  # beside vLLM, which sets its logging up when imported

    with environment(quiet(log_of(context))):
        from rlef_vllm.bare import BareAsyncLLM  # noqa: PLC0415  # vLLM, for runs only

    return BareAsyncLLM.build(config, context)


def benchmark(offer: Callable[[VllmConfig], Offer]) -> Benchmark:
    """The baseline `bare-asyncllm`, which can run where `offer` says that the policy can, and the goals against it."""
    bare: Component[Policy] = component(
        name="bare-asyncllm",
        summary="vLLM's AsyncLLM as it is, asked for the same ids with the same parameters",
        config=VllmConfig,
        build=build_bare,
        offers=lambda config: _one_engine(config, offer(config)),
        example=VllmConfig,
    )
    figures = [f"turn{turn}/tokens_per_second" for turn in (1, 2, 3)]
    goals = tuple(Goal("vllm", figure, at_least=LEAST_SHARE, times="bare-asyncllm") for figure in figures)
    return Benchmark("policy", (bare,), goals, beside=("vllm",))


def _one_engine(config: VllmConfig, found: Offer) -> Offer:
    reason = found.unavailable or ("it is one engine, expected policy.replicas 1" if config.replicas > 1 else None)
    return evolve(found, weight_schemes=(), unavailable=reason)
