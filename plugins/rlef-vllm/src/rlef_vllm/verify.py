"""Check after a load that an engine computes with the weights that were published."""

import asyncio
import math

from vllm import SamplingParams

from rlef_core import PolicyFault, Probe
from rlef_vllm.engine import Engine


async def verify(engine: Engine, version: int, probe: Probe) -> float:
    """Return the largest difference between the log-probs of any of the engine's copies and the optimizer's on the probe, in nats.

    Raises PolicyFault when it is over the engine's bound: some weights are not those of `version`.
    """
    copies = engine.launch.config.data_parallel
    ranks: list[int | None] = list(range(copies)) if copies > 1 else [None]
    gap = max(await asyncio.gather(*(_gap(engine, probe, rank) for rank in ranks)), key=lambda each: (math.isnan(each), each))
    bound = engine.launch.verify_bound
    if not gap <= bound:  # also where it is nan
        raise PolicyFault(
            f"after the load of version {version} vLLM's log-probs are up to {gap:.2g} nats from the optimizer's, expected at most "
            f"{bound:g} (policy.verify_bound): some weights are not the published ones; take another policy.transfer, or report it with "
            "the model's architecture"
        )
    return gap


async def _gap(engine: Engine, probe: Probe, rank: int | None) -> float:
    params = SamplingParams(temperature=1.0, max_tokens=1, prompt_logprobs=0, detokenize=False)
    output = await engine.generate(list(probe.ids), params, rank)
    assert output.prompt_logprobs is not None  # they were asked for
    found = [entry[id].logprob for id, entry in zip(probe.ids[1:], output.prompt_logprobs[1:], strict=True) if entry is not None]
    return max((abs(ours - theirs) for ours, theirs in zip(found, probe.logprobs, strict=True)), key=lambda each: (math.isnan(each), each))
