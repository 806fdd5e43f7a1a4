"""Start a run in its directory or take it up again, and see it to its end."""

import asyncio
import gc
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import Any

from attrs import Factory, frozen

from rlef_core.errors import Interrupted
from rlef_core.records import Checkpoint
from rlef_core.registry import Registry
from rlef_core.rollout.tally import Tally
from rlef_core.spec import Plan
from rlef_core.timeline import Timeline
from rlef_core.training.changes import Change
from rlef_core.training.checkpoints import Checkpoints, weights_of
from rlef_core.training.directory import claim, refuse_a_second_run, remember, write_plan
from rlef_core.training.events import Events
from rlef_core.training.journal import Journals, read_journal, rewind
from rlef_core.training.loop import train
from rlef_core.training.parts import open_parts
from rlef_core.training.run import Run
from rlef_core.training.stopping import Stopper
from rlef_core.training.summary import retire_summary, write_summary


@frozen
class Session:
    """How a run talks to whoever started it: `say` one line; `watch` is handed the running counts once; `timeline` is told what happens
    when."""

    say: Callable[[str], None]
    watch: Callable[[Tally], None] = lambda tally: None
    timeline: Timeline = Factory(Timeline)


async def start(plan: Plan, registry: Registry, session: Session) -> Mapping[str, Any]:
    """Play a plan from its beginning; returns the summary. Raises CheckpointError when its directory cannot be used,
    Interrupted when stopped."""
    origin = weights_of(plan.run.init_from) if plan.run.init_from else None
    with claim(plan.run.directory):
        refuse_a_second_run(plan.run.directory, plan.to_json())

        async def begin(run: Run) -> None:
            write_plan(run.directory, plan.to_json())
            if origin is not None:
                await run.start_from(origin)

        return await _play(plan, registry, session, begin)


async def go_on(plan: Plan, registry: Registry, session: Session, changes: Sequence[Change] = ()) -> Mapping[str, Any]:
    """Take a run up from its newest checkpoint; journals go back to where they were then. `changes` are what `plan` has otherwise than
    before. Raises like `start`."""
    with claim(plan.run.directory):
        newest = _checkpoints(plan, session).newest()

        async def begin(run: Run) -> None:
            await _restore(run, *newest)
            if any(change.key.startswith("training.guards.") for change in changes):
                run.lookout.tell_anew()
            if changes:
                retire_summary(run.directory)  # first: beside a plan of more updates it would say that the run is finished
                remember(run.directory, plan.to_json(), newest[1].state.updates, [change.to_json() for change in changes])

        return await _play(plan, registry, session, begin)


async def _play(plan: Plan, registry: Registry, session: Session, begin: Callable[[Run], Awaitable[None]]) -> Mapping[str, Any]:
    events = Events(registry, session.say)
    journals = Journals(plan.run.directory)
    stopper = Stopper(session.say)
    try:
        async with AsyncExitStack() as stack:
            with stopper.at_once():  # building a model may take long, and there is nothing to save yet
                parts = await stack.enter_async_context(open_parts(plan, registry, plan.run.directory, session.timeline))
            session.watch(parts.tally)
            stack.enter_context(_spared_by_the_collector())
            with stopper.between_steps():
                run = Run(parts, journals, _checkpoints(plan, session), events, stopper, session.say)
                stack.push_async_callback(run.close)
                await begin(run)
                return await _to_the_end(run)
    finally:
        journals.abandon()
        await asyncio.to_thread(events.drain)


@contextmanager
def _spared_by_the_collector() -> Iterator[None]:
    # What the libraries and the models are made of stays: walking all of it again and again would hold up the event loop.
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


async def _to_the_end(run: Run) -> Mapping[str, Any]:
    run.events.emit("rlef_run_started", directory=run.directory, plan=run.plan.to_json())
    await _train(run)
    run.journals.close()
    summary = write_summary(run.directory, run.parts, run.results)
    run.events.emit("rlef_run_finished", directory=run.directory, summary=summary)
    run.say(f"done: {run.directory / 'summary.json'}")
    return summary


def _checkpoints(plan: Plan, session: Session) -> Checkpoints:
    return Checkpoints(plan.run.directory / "checkpoints", plan.training.keep_checkpoints, plan.digest(), session.timeline)


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
