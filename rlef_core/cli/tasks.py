"""`rlef-core tasks`: list, show, verify and convert tasks."""

import asyncio
import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import aclosing
from itertools import islice
from pathlib import Path
from typing import Any

import click
from attrs import frozen

from rlef_core.cli.columns import aligned
from rlef_core.cli.options import json_option, no_plugin_option, set_option
from rlef_core.cli.progress import shown, tell
from rlef_core.errors import ExitCode, Origin, UsageError, boundary
from rlef_core.evaluation.convert import convert_file
from rlef_core.evaluation.count import Count, counted
from rlef_core.evaluation.judging import open_judge_of
from rlef_core.evaluation.verify import Verification, summary, verified, verify
from rlef_core.metrics import Meter
from rlef_core.records import Rejected, Task, task_to_json
from rlef_core.registry import Registry
from rlef_core.roles import Taskset
from rlef_core.rollout.tasks import in_order, usable
from rlef_core.spec import Builder, Plan, open_plan

split_option = click.option("--split", help="Only this split; every split that the spec names unless given.")
limit_option = click.option("--limit", type=click.IntRange(min=1), help="Only the first tasks.")
spec_argument = click.argument("spec", type=click.Path(path_type=Path))


@click.group()
def command() -> None:
    """List, show, verify and convert tasks."""


@command.command("list")
@spec_argument
@split_option
@limit_option
@set_option
@no_plugin_option
@json_option
def list_tasks(spec: Path, split: str | None, limit: int | None, overrides: Sequence[str], no_plugin: Sequence[str], as_json: bool) -> None:
    """List the tasks of SPEC: id, language, number of public and of private cases; a row that is no task with the reason."""
    plan, registry = open_plan(spec, overrides, block=no_plugin, roles={"taskset"})
    figures = (_figures(id, task) for id, task in islice(_tasks(plan, _splits(plan, registry, split)), limit))
    if as_json:
        for each in figures:
            click.echo(json.dumps(each))
        return
    header = ("id", "language", "public cases", "private cases")
    cells = ([each["id"], f"rejected: {each['rejected']}"] if "rejected" in each else list(map(str, each.values())) for each in figures)
    click.echo("\n".join(aligned([header, *cells])))


@command.command("show")
@spec_argument
@click.argument("id")
@click.option("--private", is_flag=True, help="Show the private cases, the reference and the wrong programs too.")
@set_option
@no_plugin_option
def show_task(spec: Path, id: str, private: bool, overrides: Sequence[str], no_plugin: Sequence[str]) -> None:
    """Show the task ID of SPEC as JSON, without what is hidden from the policy."""
    plan, registry = open_plan(spec, overrides, block=no_plugin, roles={"taskset"})
    task = next((task for found, task in _tasks(plan, _splits(plan, registry, None)) if found == id), None)
    if task is None:
        raise UsageError(f"no task {id!r} in {str(spec)!r}, expected an id as `tasks list` shows it")
    if isinstance(task, Rejected):
        raise UsageError(f"row {id!r} is no task: {task.reason}")
    record = task_to_json(task)
    if not private:
        record = {key: value for key, value in record.items() if key not in {"private_cases", "reference", "wrong"}}
        record["private_cases"] = f"{len(task.private_cases)} hidden; show them with --private"
    click.echo(json.dumps(record, indent=2))


@command.command("verify")
@spec_argument
@split_option
@limit_option
@click.option("--workers", type=click.IntRange(min=1), help="Programs that run at once; as the spec says unless given.")
@set_option
@no_plugin_option
@json_option
def verify_tasks(
    spec: Path,
    split: str | None,
    limit: int | None,
    workers: int | None,
    overrides: Sequence[str],
    no_plugin: Sequence[str],
    as_json: bool,
) -> None:
    """Run every reference of the tasks of SPEC, which must pass, and every wrong program, which must fail.

    A task that does otherwise is named with its cases and verdicts, a rejected row with its reason. Exit code 0 when at least one
    reference was run, no task failed and no row was rejected, 1 when not.
    """
    threads = [f"threads.executor={workers}"] if workers else []
    plan, registry = open_plan(spec, [*overrides, *threads], block=no_plugin, roles={"taskset", "executor"})
    for note in plan.notes:
        click.echo(f"note: {note}", err=True)
    if not asyncio.run(_verify(plan, registry, split, limit, as_json)):
        raise click.exceptions.Exit(ExitCode.NO)


@command.command("convert")
@click.argument("name")
@click.argument("source", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("target", type=click.Path(dir_okay=False, path_type=Path))
def convert(name: str, source: Path, target: Path) -> None:
    """Convert the file SOURCE of the data set NAME to TARGET, a file with one task a line.

    Rejected rows are named and left out. When no row becomes a task, TARGET stays as it is and the exit code is 2.
    """
    written, rejected = convert_file(name, source, target)
    for row in rejected:
        click.echo(f"rejected {row.reason}", err=True)
    if not written:
        found = f"{counted(len(rejected), 'row')}, of which none is a task" if rejected else "no rows"
        raise UsageError(f"found {found}, in {str(source)!r}, expected rows of {name}; {str(target)!r} was not written")
    click.echo(f"{counted(written, 'task')} written to {target}, {counted(len(rejected), 'row rejected')}")


async def _verify(plan: Plan, registry: Registry, split: str | None, limit: int | None, as_json: bool) -> bool:
    """Print what is found; whether all is right."""
    done: list[Verification] = []
    workers = plan.threads.executor or len(os.sched_getaffinity(0))
    splits = _splits(plan, registry, split)
    count = Count("verifying", min(sum(each.size() for each in splits), limit or sys.maxsize), unit="tasks")
    with shown() as session:
        session.watch(count)
        rows = islice(_tasks(plan, splits), limit)
        async with open_judge_of(plan, registry) as judge, aclosing(verify(judge, rows, workers)) as verifications:
            async for found in verifications:
                done.append(found)
                count.add(programs=found.programs, failed=bool(found.problems))
                _show(found, as_json)
    if not done:
        raise UsageError("found no tasks, expected at least one; check the path and the split's name")
    if not any(found.reference for found in done):
        click.echo("nothing was verified: no task has a reference to run", err=as_json)
    click.echo(summary(done), err=as_json)
    return verified(done)


def _figures(id: str, task: Task | Rejected) -> dict[str, Any]:
    if isinstance(task, Rejected):
        return {"id": id, "rejected": task.reason}
    cases = {"public_cases": len(task.problem.public_cases), "private_cases": len(task.private_cases)}
    return {"id": id, "language": task.problem.language, **cases}


def _show(found: Verification, as_json: bool) -> None:
    if as_json:
        passed = not found.problems and found.rejected is None
        figures = {"id": found.id, "passed": passed, "reference": found.reference}
        tell(json.dumps({**figures, "problems": found.problems, "rejected": found.rejected}))
        return
    for problem in found.problems:
        tell(f"failed {found.id}: {problem}")
    if found.rejected is not None:
        tell(f"rejected {found.id}: {found.rejected}")


@frozen
class _Split:
    """One split of a taskset."""

    taskset: Taskset
    origin: Origin
    name: str

    def size(self) -> int:
        with boundary(self.origin, "ids"):
            return len(self.taskset.ids(self.name))


def _splits(plan: Plan, registry: Registry, split: str | None) -> list[_Split]:
    """What the entries of `tasks:` name, one taskset and split once."""
    entries = {(repr(entry.ref), entry.split): entry for entry in plan.tasks.values() if split in {None, entry.split}}
    if not entries:
        raise UsageError(f"no tasks of split {split!r}, expected one of {sorted({str(entry.split) for entry in plan.tasks.values()})}")
    builder = Builder(plan, registry, plan.run.directory, Meter())
    return [_Split(builder.build(entry.ref), entry.ref.origin, str(entry.split)) for entry in entries.values()]


def _tasks(plan: Plan, splits: Sequence[_Split]) -> Iterator[tuple[str, Task | Rejected]]:
    for split in splits:
        for id, task in in_order(split.taskset, split.origin, split.name):
            yield id, task if isinstance(task, Rejected) else usable(task, allow_no_public_cases=plan.rollout.allow_no_public_cases)
