"""Offer the policy `vllm` to rlef-core; vLLM is imported when one is built."""

from collections.abc import Iterable, Sequence
from importlib.util import find_spec

from rlef_core import Benchmark, Component, Context, Health, MemoryQuestion, MemoryUse, Offer, Policy, component, hookimpl
from rlef_vllm.benchmarks import benchmark
from rlef_vllm.config import METRICS, VllmConfig
from rlef_vllm.health import ENGINES, installed_engines, report


def build_vllm(config: VllmConfig, context: Context) -> Policy:
    """Start the engines; raises ModelError or EngineError when they cannot be used."""
    from rlef_vllm.environment import environment, log_of, quiet

    with environment(quiet(log_of(context))):  # vLLM sets its logging up when it is imported
        from rlef_vllm.policy import build

    return build(config, context)


def offer(config: VllmConfig) -> Offer:
    """What `vllm` would do with a config, here."""
    if find_spec("vllm") is None:
        return Offer(weight_schemes=(config.transfer,), unavailable=f"vLLM is not installed; pip install one of {', '.join(ENGINES)}")
    two = installed_engines()
    unavailable = (
        f"{' and '.join(two)} are both installed and overwrite each other; uninstall both, then install one" if len(two) > 1 else None
    )
    return Offer(weight_schemes=(config.transfer,), unavailable=unavailable)


def memory(config: VllmConfig, question: MemoryQuestion) -> Sequence[MemoryUse]:
    """What the engines would hold; raises ModelError when the model's config cannot be had."""
    from rlef_vllm.memory import policy_memory

    return policy_memory(config, question)


@hookimpl
def rlef_register_policies() -> Iterable[Component[Policy]]:
    """Offer `vllm`."""
    return [
        component(
            name="vllm",
            summary="vLLM's engine, with weights updated in place while it answers",
            config=VllmConfig,
            build=build_vllm,
            offers=offer,
            example=lambda: VllmConfig(eager=True),
            metrics=METRICS,
            memory=memory,
        )
    ]


@hookimpl
def rlef_register_benchmarks() -> Iterable[Benchmark]:
    """Offer the baseline `bare-asyncllm` and the goals of `vllm`."""
    return [benchmark(offer)]


@hookimpl
def rlef_report_health() -> Iterable[Health]:
    """Report which engine is installed, and whether it is the only one."""
    return report()
