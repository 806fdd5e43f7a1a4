"""The bench of optimizers: how long each takes for all updates of one collection that the spec's policy has played."""

import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from functools import partial

from attrs import frozen

from rlef_core.bench.environment import environment
from rlef_core.bench.memory import peak_growth
from rlef_core.bench.pairs import Paired, Turn, in_turn
from rlef_core.bench.participants import Participant, Setup, asked
from rlef_core.bench.tree import cpu_seconds
from rlef_core.errors import boundary
from rlef_core.records import Trajectory
from rlef_core.roles import Optimizer
from rlef_core.rollout.collections import play_collection
from rlef_core.training.parts import open_parts

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
    collection = await _played(setup)
    async with AsyncExitStack() as stack:
        turns: dict[str, Turn] = {}
        startups: dict[str, float] = {}
        for participant in chosen:
            say(f"build: {participant.name}")
            optimizer, startups[participant.name] = await stack.enter_async_context(participant.opened())
            turns[participant.name] = partial(_learn, participant, optimizer, collection)
        series = await in_turn(turns, effort.pairs, say)
    lengths = {"trajectories": len(collection), "tokens": sum(len(trajectory.ids) for trajectory in collection)}
    measured = {name: {**each, "startup_seconds": [startups[name]]} for name, each in series.items()}
    return Paired(machine, {**asked(setup.plan, chosen, effort), **lengths}, measured)


async def _played(setup: Setup) -> tuple[Trajectory, ...]:
    """The trajectories of the first collection of a run of the plan; all that played them is closed again."""
    plan = setup.plan
    async with open_parts(plan, setup.registry, setup.directory) as parts:
        with boundary(plan.optimizer.origin, "publish"):
            async with parts.optimizer.publish(plan.scheme) as weights:
                with boundary(plan.policy.origin, "load"):
                    await parts.policy.load(weights)
        repeats = plan.rollout.episodes_per_task
        tasks = parts.tasks("train").draw(plan.training.episodes_per_collection // repeats)
        collection = await play_collection(parts.player, parts.scorer, "train", 0, tasks, repeats)
    with boundary(plan.policy.origin, "act"):
        return collection.trajectories


async def _learn(participant: Participant, optimizer: Optimizer, collection: Sequence[Trajectory], pair: int) -> dict[str, float]:
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
