"""The bench of the loop: what a collection's wall time goes into, and how much of it nothing works."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from attrs import evolve, frozen

from rlef_core.bench.environment import environment
from rlef_core.bench.pairs import Paired
from rlef_core.bench.rounds import STEPS, Recorder, Round, rounds
from rlef_core.errors import Interrupted, UsageError
from rlef_core.goals import Goal
from rlef_core.registry import Registry
from rlef_core.spec import Plan
from rlef_core.training.journal import read_journal
from rlef_core.training.session import Session, start

NAME = "loop"
GOALS = (Goal(NAME, "idle_share", at_most=0.05),)
"""What the core holds its own loop to; it is no component, so that no plugin does."""

TOLD = {
    "tokens": "rollout/tokens",
    "programs": "rollout/programs",
    "episodes": "rollout/episodes",
    "faults": "rollout/faults",
    "lag_seconds": "loop/lag_seconds",
}
"""Figures that are the run's own metrics."""


@frozen
class Effort:
    """How much is measured: so many `collections`, after one to warm up."""

    collections: int = 3


async def measure_loop(plan: Plan, registry: Registry, directory: Path, effort: Effort, say: Callable[[str], None]) -> Paired:
    """Run the plan without evaluations in folders below `directory`: one collection to learn how many updates it has, then those asked
    for. A value of a figure is a collection's. `say` is told how far it is.

    Raises UsageError for a plan that plays no episodes, and what a run raises.
    """
    if plan.rollout.recorded is not None:
        raise UsageError("found rollout.recorded, expected a spec that plays its episodes: there is no loop to measure")
    if plan.training.max_staleness:
        found = f"found training.max_staleness {plan.training.max_staleness}, expected 0"
        raise UsageError(f"{found}: steps that overlap have no wall time of their own")
    machine = environment()
    say("find out how many updates a collection has")
    first, _ = await _run(plan, registry, directory / "first", 1)
    updates = first[0]["updates"]
    say(f"run {effort.collections} collections of {updates} updates, after one to warm up")
    metrics, recorder = await _run(plan, registry, directory / "measured", updates * (1 + effort.collections))
    taken = list(zip(rounds(recorder.spans), metrics, strict=True))[1:]
    checkpoint = _checkpoint_seconds(recorder) * checkpoints_per_collection(updates, plan.training.checkpoint_every)
    figures = [_figures(round, record["metrics"], checkpoint) for round, record in taken]
    asked = {
        "spec": plan.to_json()["spec"],
        "collections": len(taken),
        "updates_per_collection": updates,
        "seconds_per_checkpoint": _checkpoint_seconds(recorder),
        "spans": {name: sum(span.name == name for span in recorder.spans) for name in sorted({span.name for span in recorder.spans})},
    }
    return Paired(machine, asked, {NAME: {key: [each[key] for each in figures] for key in figures[0]}})


def checkpoints_per_collection(updates: int, every: int) -> float:
    """How many a run saves in the mean after a collection of so many updates: one at most, however few `every` are."""
    return min(1.0, updates / every)


async def _run(plan: Plan, registry: Registry, directory: Path, updates: int) -> tuple[Sequence[Mapping[str, Any]], Recorder]:
    spec = evolve(plan.spec, run=evolve(plan.run, directory=directory), training=evolve(plan.training, updates=updates), evaluation=None)
    recorder = Recorder()
    try:
        await start(evolve(plan, spec=spec), registry, Session(lambda line: None, timeline=recorder))
    except Interrupted:
        raise Interrupted("interrupted by the user") from None  # there is no run to go on with: its folder goes
    return list(read_journal(directory / "metrics.jsonl")), recorder


def _figures(round: Round, metrics: Mapping[str, float], checkpoint: float) -> dict[str, float]:
    """Those of one collection, with its share of a checkpoint."""
    seconds = round.seconds + checkpoint
    told = {figure: metrics[name] for figure, name in TOLD.items() if name in metrics}
    return {
        "seconds": seconds,
        **{f"{step}_seconds": round.steps[step] for step in STEPS},
        "checkpoint_seconds": checkpoint,
        "other_seconds": round.seconds - sum(round.steps.values()),
        "busy_seconds": round.busy,
        "idle_share": 1 - round.busy / seconds,
        "tokens_per_second": told["tokens"] / seconds,
        "programs_per_second": told["programs"] / seconds,
        **told,
    }


def _checkpoint_seconds(recorder: Recorder) -> float:
    found = [span.ended - span.began for span in recorder.spans if span.name == "checkpoint"]
    return sum(found) / len(found)
