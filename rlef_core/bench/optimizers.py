"""The bench of optimizers: how long each takes for all updates of one collection that the spec's policy has played."""

import time
from collections.abc import Callable, Sequence
from functools import partial

from attrs import frozen

from rlef_core.bench.environment import environment
from rlef_core.bench.memory import peak_growth
from rlef_core.bench.pairs import Paired, in_pairs
from rlef_core.bench.participants import Participant, Setup, asked
from rlef_core.bench.tree import cpu_seconds
from rlef_core.errors import boundary
from rlef_core.records import Trajectory
from rlef_core.roles import Optimizer
from rlef_core.rollout.collections import Collection, play_collection
from rlef_core.training.parts import Parts, open_parts
from rlef_core.training.recorded import read_collection

MEGABYTE = 1e6
PADDING = "optimizer/padding_share"
"""The metric that an optimizer tells its share of padding by, if it does."""


@frozen
class Effort:
    """How much is measured: the updates of one collection, `pairs` times."""

    pairs: int = 10


async def measure_optimizers(setup: Setup, chosen: Sequence[Participant], effort: Effort, say: Callable[[str], None]) -> Paired:
    """Play one collection as the plan says, build every participant, let each warm up, then measure in turn. `say` is told how far it is.

    Raises what playing raises, and ComponentError when a participant cannot be built or fails.
    """
    machine = environment()
    say("play a collection")
    collection = await _collected(setup)
    series, once = await in_pairs(chosen, partial(_learn, collection), effort.pairs, say)
    lengths = {"trajectories": len(collection), "tokens": sum(len(trajectory.ids) for trajectory in collection)}
    return Paired(machine, {**asked(setup.plan, chosen, effort), **lengths}, series, once)


async def _collected(setup: Setup) -> tuple[Trajectory, ...]:
    """The trajectories of the first collection of a run of the plan; all that played them is closed again."""
    plan = setup.plan
    async with open_parts(plan, setup.registry, setup.directory) as parts:
        if parts.recorded is not None:
            collection = await read_collection(parts.recorded(0), parts.scorer, 0, plan.training.episodes_per_collection)
        else:
            collection = await _played(parts)
    with boundary(plan.policy.origin, "act"):
        return collection.trajectories


async def _played(parts: Parts) -> Collection:
    plan, repeats = parts.plan, parts.plan.rollout.episodes_per_task
    await parts.sharing.publish()
    await parts.sharing.play()
    tasks = parts.tasks("train").draw(plan.training.episodes_per_collection // repeats)
    return await play_collection(parts.player, parts.scorer, "train", 0, tasks, repeats)


async def _learn(collection: Sequence[Trajectory], participant: Participant, optimizer: Optimizer, pair: int) -> dict[str, float]:
    cpu, started = cpu_seconds(), time.perf_counter()
    with peak_growth() as growth, boundary(participant.origin, "update"):
        report = await optimizer.update(collection)
    wall, tokens = time.perf_counter() - started, sum(len(trajectory.ids) for trajectory in collection)
    figures = {
        "seconds_per_collection": wall,
        "tokens_per_second": tokens / wall,
        "cpu_seconds_per_1k_tokens": (cpu_seconds() - cpu) * 1e3 / tokens,
        "peak_growth_megabytes": growth.bytes / MEGABYTE,
        "updates": report.updates,
    }
    return figures | ({"padding_share": report.metrics[PADDING]} if PADDING in report.metrics else {})
