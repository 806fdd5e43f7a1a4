"""What the commands do, as functions: `check`, `run`, `resume`, `export`, `judge`."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rlef_core.errors import UsageError
from rlef_core.evaluation.judging import open_judge
from rlef_core.records import Case, CheckerRef, Execution, Limits, Program
from rlef_core.registry import Registry, discover
from rlef_core.spec import Plan, exported, open_plan, parse_spec, registry_for, resolve
from rlef_core.training.changes import changes
from rlef_core.training.directory import read_plan, set_aside
from rlef_core.training.export import write_export
from rlef_core.training.session import Session, go_on, start
from rlef_core.training.summary import read_summary
from rlef_core.training.trained import find_trained


def check(spec: Path, overrides: Sequence[str] = (), no_plugins: Sequence[str] = ()) -> Plan:
    """The plan of a spec file. Raises SpecError with every fault, PluginError for what no spec can mend."""
    return open_plan(spec, overrides, block=no_plugins)[0]


def run(
    spec: Path, overrides: Sequence[str] = (), no_plugins: Sequence[str] = (), *, session: Session | None = None, aside: bool = False
) -> Mapping[str, Any]:
    """Train as a spec file says; returns what summary.json holds. With `aside` an earlier run in the same directory is renamed.

    Raises RlefError; its `exit_code` is the command's.
    """
    session = session or Session(print)
    plan, registry = open_plan(spec, overrides, block=no_plugins)
    origin = plan.run.init_from
    if aside and origin is not None and origin.resolve().is_relative_to(plan.run.directory.resolve()):
        raise UsageError(
            f"run.init_from {str(origin)!r} lies in the run's directory, which would be set aside: choose another run.directory"
        )
    moved = set_aside(plan.run.directory) if aside else None
    if moved:
        session.say(f"the earlier run is now {moved}")
    _tell(plan, registry, session)
    return asyncio.run(start(plan, registry, session))


def resume(
    directory: Path, no_plugins: Sequence[str] = (), *, overrides: Sequence[str] = (), session: Session | None = None
) -> Mapping[str, Any]:
    """Go on with a run from its newest checkpoint, with the settings of `overrides` (`key.path=value`) changed from there on.

    A finished run's summary is returned as it is, unless `training.updates` is raised. Raises like `run`, and UsageError for a setting
    that cannot change in the middle of a run.
    """
    session = session or Session(print)
    before = read_plan(directory)
    here = (json.dumps(before["spec"], indent=1), str(directory / "plan.json"), [f"run.directory={json.dumps(str(directory))}"])
    spec = parse_spec(*here)
    registry = registry_for(spec, no_plugins)
    old = resolve(spec, registry)
    plan = resolve(parse_spec(*here[:2], [*here[2], *overrides]), registry) if overrides else old
    changed = changes(old, plan)
    done = read_summary(directory)
    if done is not None and plan.training.updates <= old.training.updates:
        session.say("the run is finished; to learn on, raise training.updates by --set")
        return done
    for line in (*_newer(before["distributions"], plan.distributions), *map(str, changed)):
        session.say(f"since this run began, {line}")
    _tell(plan, registry, session)
    return asyncio.run(go_on(plan, registry, session, changed))


def export(place: Path, to: Path | None = None, no_plugins: Sequence[str] = ()) -> Path:
    """Write the policy that a run has learnt as a Hugging Face model folder with a model card; returns the folder.

    place: a run's directory, whose newest checkpoint is taken, or one checkpoint. to: a folder that is empty or not there;
    `export-UPDATES` in the run's directory unless given. Raises CheckpointError without a checkpoint, UsageError where `to` holds something
    or the run's optimizer exports nothing, PluginError where it is not installed.
    """
    trained = find_trained(place)
    spec = parse_spec(json.dumps(trained.spec), str(trained.directory / "plan.json"))
    origin, exports = exported(spec, registry_for(spec, no_plugins))
    if exports is None:
        raise UsageError(f"{origin} exports no model, which trained {str(place)!r}: expected a run of one that does")
    return write_export(trained, exports, origin, to)


def judge(
    program: Program,
    cases: Sequence[Case],
    *,
    executor: str | None = None,
    checker: CheckerRef = CheckerRef(),
    limits: Limits = Limits(),
    no_plugins: Sequence[str] = (),
) -> Execution:
    """A program's judgements on every case, by the named executor or by the one installed that isolates programs.

    Raises PluginError for an executor, checker or language that is not there, ComponentError when the sandbox fails.
    """

    async def judged() -> Execution:
        async with open_judge(discover(block=no_plugins), executor) as judge:
            return await judge.judge(program, cases, limits, checker, stop_at_first_failure=False)

    return asyncio.run(judged())


def _tell(plan: Plan, registry: Registry, session: Session) -> None:
    for plugin in registry.quarantined:
        session.say(f"warning: {plugin}")
    for note in plan.notes:
        session.say(f"note: {note}")


def _newer(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    return [f"{name} went from {before[name]} to {now[name]}" for name in sorted(before.keys() & now.keys()) if before[name] != now[name]]
