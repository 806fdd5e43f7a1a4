"""Start a run in its directory or take it up again, and see it to its end."""

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from attrs import frozen

from rlef_core.errors import Interrupted
from rlef_core.records import Checkpoint
from rlef_core.registry import Registry
from rlef_core.rollout.tally import Tally
from rlef_core.spec import Plan
from rlef_core.training.checkpoints import Checkpoints
from rlef_core.training.directory import claim, write_plan
from rlef_core.training.events import Events
from rlef_core.training.journal import Journals, read_journal, rewind
from rlef_core.training.loop import train
from rlef_core.training.parts import open_parts
from rlef_core.training.run import Run
from rlef_core.training.stopping import Stopper
from rlef_core.training.summary import write_summary


@frozen
class Session:
    """How a run talks to whoever started it: `say` one line; `watch` is handed the running counts once."""

    say: Callable[[str], None]
    watch: Callable[[Tally], None] = lambda tally: None


async def start(plan: Plan, registry: Registry, session: Session) -> Mapping[str, Any]:
    """Play a plan from its beginning; returns the summary. Raises CheckpointError when its directory cannot be used,
    Interrupted when stopped."""
    with claim(plan.run.directory):
        write_plan(plan.run.directory, plan.to_json())
        return await _play(plan, registry, session, restore=False)


async def go_on(plan: Plan, registry: Registry, session: Session) -> Mapping[str, Any]:
    """Take a run up from its newest checkpoint; journals go back to where they were then. Raises like `start`."""
    with claim(plan.run.directory):
        return await _play(plan, registry, session, restore=True)


async def _play(plan: Plan, registry: Registry, session: Session, *, restore: bool) -> Mapping[str, Any]:
    directory = plan.run.directory
    stopper = Stopper(session.say)
    checkpoints = Checkpoints(directory / "checkpoints", plan.training.keep_checkpoints, plan.digest())
    newest = checkpoints.newest() if restore else None
    events = Events(registry, session.say)
    journals = Journals(directory)
    with stopper.on_signals():
        try:
            async with open_parts(plan, registry, directory) as parts:
                session.watch(parts.tally)
                run = Run(directory, parts, journals, checkpoints, events, stopper, session.say)
                if newest is not None:
                    await _restore(run, *newest)
                events.emit("rlef_run_started", directory=directory, plan=plan.to_json())
                await _train(run)
                summary = write_summary(directory, parts, run.results)
                events.emit("rlef_run_finished", directory=directory, summary=summary)
                return summary
        finally:
            journals.close()
            await asyncio.to_thread(events.drain)


async def _train(run: Run) -> None:
    try:
        await train(run)
    except Interrupted:
        await run.checkpoint()
        raise Interrupted(f"stopped after {run.state.updates} updates; go on with: rlef-core resume {run.directory}") from None


async def _restore(run: Run, folder: Path, checkpoint: Checkpoint) -> None:
    rewind(run.directory, checkpoint.journals)
    await run.restore(folder, checkpoint.state)
    for record in read_journal(run.directory / "evaluations.jsonl"):
        run.results[record["name"]] = record["result"]
    run.say(f"resumed at {checkpoint.state.updates} updates, collection {checkpoint.state.collection}")
