"""The bench of weights: how long an update takes from the optimizer's publication to the policy's next token, and how much it moves."""

import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial

from attrs import frozen

from rlef_core.bench.environment import environment
from rlef_core.bench.pairs import Paired, in_pairs
from rlef_core.bench.participants import Participant, Setup, asked
from rlef_core.errors import UsageError, boundary
from rlef_core.metrics import Meter
from rlef_core.registry import offer_of
from rlef_core.roles import Optimizer, Policy
from rlef_core.spec import Builder
from rlef_core.spec.agreement import UNCHANGED, shared_scheme


@frozen
class Effort:
    """How much is measured: `pairs` updates by everyone, after one to warm up."""

    pairs: int = 10


async def measure_weights(setup: Setup, chosen: Sequence[Participant], effort: Effort, say: Callable[[str], None]) -> Paired:
    """Build the plan's optimizer and every policy, then publish and load in turn, `effort.pairs` times. `say` is told how far it is.

    Raises UsageError for a policy that loads by no scheme of the optimizer's, ComponentError when a component cannot be built or fails.
    """
    machine, schemes = environment(), {participant.name: _scheme(setup, participant) for participant in chosen}
    async with _optimizer(setup) as optimizer:
        series, once = await in_pairs(chosen, partial(_update, optimizer, schemes), effort.pairs, say)
    return Paired(machine, {**asked(setup.plan, chosen, effort), "schemes": schemes}, series, once)


def _scheme(setup: Setup, participant: Participant) -> str:
    ref = setup.plan.optimizer
    offer = offer_of(setup.registry.find(ref.role, ref.use), ref.config)
    scheme = shared_scheme(offer_of(participant.offered, participant.config), offer)
    if scheme in ("", UNCHANGED):
        raise UsageError(
            f"{participant.origin} takes no weights from {ref.origin}, which publishes by {', '.join(offer.weight_schemes)}; "
            "expected an optimizer that learns, and policies that share a weight scheme with it"
        )
    return scheme


@asynccontextmanager
async def _optimizer(setup: Setup) -> AsyncIterator[Optimizer]:
    ref = setup.plan.optimizer
    optimizer = Builder(setup.plan, setup.registry, setup.directory, Meter(setup.registry.metrics)).build(ref)
    try:
        yield optimizer
    finally:
        with boundary(ref.origin, "close"):
            await optimizer.close()


async def _update(
    optimizer: Optimizer, schemes: Mapping[str, str], participant: Participant, policy: Policy, pair: int
) -> dict[str, float]:
    began = time.perf_counter()
    with boundary(participant.setup.plan.optimizer.origin, "publish"):
        async with optimizer.publish(schemes[participant.name]) as weights:
            published = time.perf_counter()
            with boundary(participant.origin, "load"):
                await policy.load(weights)
            loaded = time.perf_counter()
    seconds = time.perf_counter() - began
    figures = {"seconds": seconds, "publish_seconds": published - began, "load_seconds": loaded - published}
    moved = weights.payload.get("bytes") if isinstance(weights.payload, Mapping) else None
    return {**figures, "bytes": moved, "bytes_per_second": moved / seconds} if isinstance(moved, int) else figures
