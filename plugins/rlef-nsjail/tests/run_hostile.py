"""Judge every program of a folder in jails, each followed by a good one: `run_hostile.py FOLDER [--user] [--no-cgroup] [--multiprocess]`.

Prints a table, or with `--json` one line a program; exits with 1 when anything is not as expected, or anything is left behind.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from as_user import UID, as_user
from attrs import asdict, frozen
from corpus import LIMITS, OWN, PORT, TASKS, Hostile, read_corpus
from watching import Watched, left_files, left_processes, watched

from rlef_core.errors import ExecutorFault
from rlef_core.metrics import Meter
from rlef_core.records import CheckerRef, Program
from rlef_core.registry import discover
from rlef_core.roles import Ref
from rlef_core.rollout.checkers import Checkers
from rlef_core.rollout.judge import Judge
from rlef_core.spec import Builder, Plan
from rlef_core.spec.blocks import SpecBlock

GOOD = "# the-good-program-was-here\nimport sys\nprint(sum(map(int, sys.stdin.read().split())))\n"
CGROUPS = Path("/sys/fs/cgroup")


@frozen
class Outcome:
    """One program's: a word for each case, and for each case of the good program after it; the end of what it said; how long it took."""

    name: str
    verdicts: Sequence[str]
    expected: Sequence[str]
    good: Sequence[str]
    said: str = ""
    seconds: float = 0.0

    @property
    def faults(self) -> list[str]:
        """What is not as it must be."""
        wrong = [f"{verdict}, expected {' or '.join(self.expected)}" for verdict in self.verdicts if verdict not in self.expected]
        return wrong + [f"{verdict} for the good program after it" for verdict in self.good if verdict != "accepted"]


def main() -> None:
    """See the module's docstring."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=OWN)
    parser.add_argument("--only", nargs="*", help="names of programs")
    parser.add_argument("--cache", type=Path, help="where root file systems are kept")
    for flag in ("--user", "--no-cgroup", "--multiprocess", "--json"):
        parser.add_argument(flag, action="store_true")
    chosen = parser.parse_args()
    if chosen.user and os.geteuid() == 0:
        with delegated():
            sys.exit(subprocess.run(as_user([sys.executable, *sys.argv], needed()), check=False).returncode)
    with watched() as seen:
        figures, outcomes = asyncio.run(judged(chosen, seen))
        left = left_behind(seen, outcomes)
    show(outcomes, {**figures, **left}, chosen.json)
    sys.exit(any(outcome.faults for outcome in outcomes) or any(left.values()))


def needed() -> list[Path]:
    """What this program reads."""
    return [Path(path) for path in {sys.prefix, sys.base_prefix, *(path for path in sys.path if Path(path).is_dir())}]


@contextmanager
def delegated() -> Iterator[None]:
    """Control groups of the first version in which the ordinary user may make its own, where there are any."""
    parents = [CGROUPS / name for name in ("memory", "pids") if (CGROUPS / name / "cgroup.procs").exists()]
    groups = [parent / f"rlef-core-{UID}" for parent in parents]
    try:
        for group in groups:
            group.mkdir(exist_ok=True)
            for path in (group, group / "cgroup.procs", group / "tasks"):
                os.chown(path, UID, UID)
        yield
    finally:
        for group in groups:
            group.rmdir()


async def judged(chosen: argparse.Namespace, seen: Watched) -> tuple[Mapping[str, Any], list[Outcome]]:
    """What became of the programs that this profile concerns."""
    programs = [each for each in read_corpus(chosen.folder) if not chosen.only or each.name in chosen.only]
    if chosen.multiprocess:
        programs = [program for program in programs if program.multiprocess]
    registry = discover()
    offered = registry.find("executor", "nsjail")
    cache = chosen.cache or (seen.folder / "cache" if os.geteuid() else None)
    config = offered.component.config(
        workers=1, multiprocess=chosen.multiprocess, cgroup="none" if chosen.no_cgroup else "auto", cache=cache
    )
    meter = Meter(registry.metrics)
    ref: Ref[Any] = Ref("executor", "nsjail", config, offered.origin)
    builder = Builder(Plan(SpecBlock(name="hostile", executor=ref)), registry, seen.folder, meter)
    executor = builder.build(ref)
    judge = Judge(executor, Checkers(registry, builder), registry.languages)
    try:
        outcomes = [outcome async for outcome in each_of(programs, judge, chosen.multiprocess, str(seen.listeners.port))]
    finally:
        await executor.close()
    return {"isolation": "; ".join(offered.component.offers(config).isolation), **meter.drain()}, outcomes


async def each_of(programs: Sequence[Hostile], judge: Judge, multiprocess: bool, port: str) -> AsyncIterator[Outcome]:
    """One after the other, and after each the good one."""
    good = Hostile("good.py", GOOD, TASKS["sum"], LIMITS, frozenset())
    for program in programs:
        print(program.name, file=sys.stderr, flush=True)  # so that what goes wrong is told below its name
        started = time.monotonic()
        verdicts, said = await verdicts_of(program, judge, port)
        seconds = time.monotonic() - started
        after, _ = await verdicts_of(good, judge, port)
        expected = program.multiprocess if multiprocess else program.expected
        yield Outcome(program.name, verdicts, sorted(verdict.value for verdict in expected or ()), after, said, seconds)


async def verdicts_of(program: Hostile, judge: Judge, port: str) -> tuple[list[str], str]:
    """The verdict of each case, or one word for what no program may bring about; and what the program said."""
    language = next(language for language in judge.languages.values() if language.source_name.endswith(program.suffix))
    source = Program(language.name, program.source.replace(PORT, port))
    try:
        execution = await judge.judge(source, program.cases, program.limits, CheckerRef(), stop_at_first_failure=False)
    except ExecutorFault as fault:
        return [f"fault: {fault}"], ""
    texts = [text for each in execution.judgements for text in (each.output, each.error)]
    return [each.verdict.value for each in execution.judgements], " | ".join(text[-2000:].decode("utf-8", "replace") for text in texts)


def left_behind(seen: Watched, outcomes: Sequence[Outcome]) -> dict[str, list[str]]:
    """What must not be."""
    return {
        "processes": left_processes(),
        "files": left_files(),
        "connections": seen.listeners.reached(),
        "told the secret": [outcome.name for outcome in outcomes if seen.secret in outcome.said],
    }


def show(outcomes: Sequence[Outcome], rest: Mapping[str, Any], as_json: bool) -> None:
    """All that was found."""
    if as_json:
        for outcome in outcomes:
            print(json.dumps({**asdict(outcome), "faults": outcome.faults}))
        print(json.dumps(rest))
        return
    for outcome in outcomes:
        mark, verdicts, faults = "! " if outcome.faults else "  ", ", ".join(outcome.verdicts), "; ".join(outcome.faults)
        print(f"{mark}{outcome.name:<40} {outcome.seconds:6.2f} s  {verdicts:<32} {faults}")
        if outcome.faults:
            print("    " + repr(outcome.said[-600:]))
    for name, value in rest.items():
        print(f"{'! ' if isinstance(value, list) and value else '  '}{name}: {value or 'none'}")


if __name__ == "__main__":
    main()
