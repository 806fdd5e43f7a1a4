"""Show that killing runner, supervisor and harness at random during 2,000 programs changes no verdict, loses none, and leaves nothing."""

import asyncio
import ctypes
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from record import REPOSITORY, record
from sandbox_load import Known, descendants, left_control_groups, programs, temporary_folder, verdict_of

from rlef_core import ComponentError
from rlef_core.evaluation.judging import open_judge
from rlef_core.registry import discover
from rlef_core.rollout.judge import Judge

EXECUTOR = "nsjail"
PROGRAMS = 2_000
ABREAST = 4
WORKERS = 2
PAUSE_SECONDS = (0.05, 0.4)
RUNNER_SHARE = 0.2
MOST_RUNNERS = 500
SEED = 0
PATIENCE_SECONDS = 20.0
_SUBREAPER = 36


def main() -> int:
    """Run, record, and return 0 if every verdict is right and nothing is left. With `--run`: judge what a journal lacks."""
    if sys.argv[1:2] == ["--run"]:
        run(Path(sys.argv[2]), int(sys.argv[3]))
        return 0
    numbers = chaos(PROGRAMS)
    holds = all(numbers["holds"].values())
    path = record("executor-chaos", holds=holds, seeds=[SEED], numbers=numbers)
    print(f"{'holds' if holds else 'does not hold'}: {path.relative_to(REPOSITORY)}")
    return 0 if holds else 1


def chaos(count: int) -> dict[str, Any]:
    """The figures of `count` programs under attack, and which bounds hold."""
    groups, began = left_control_groups(), time.monotonic()
    with tempfile.TemporaryDirectory(prefix="rlef-chaos-") as kept, temporary_folder() as folder, adopting():
        journal = Path(kept) / "verdicts.jsonl"
        journal.touch()
        kills = attack(journal, count)
        lines = [json.loads(line) for line in journal.read_text().splitlines()]
        left = {
            "processes": waited_for(),
            "temporary files": sorted(path.name for path in folder.iterdir()),
            "control groups": sorted(left_control_groups() - groups),
        }
    verdicts = {line["program"]: line["verdict"] for line in lines if "verdict" in line}
    expected = dict(enumerate(known.verdict.value for known in programs(count, SEED)))
    return {
        "seconds": round(time.monotonic() - began, 1),
        "kills": dict(kills),
        "faults": sum("fault" in line for line in lines),
        "wrong": {number: verdicts.get(number) for number, verdict in expected.items() if verdicts.get(number) != verdict},
        "left": left,
        "holds": {
            "every verdict is there and right": verdicts == expected,
            "each is there once": len(verdicts) == sum("verdict" in line for line in lines),
            "each part was killed": all(kills[part] > 0 for part in ("runner", "supervisor", "harness")),
            "nothing is left": not any(left.values()),
        },
    }


@contextmanager
def adopting() -> Iterator[None]:
    """Whatever a killed runner leaves becomes a child of this process."""
    prctl = ctypes.CDLL(None).prctl
    prctl(_SUBREAPER, 1, 0, 0, 0)
    try:
        yield
    finally:
        prctl(_SUBREAPER, 0, 0, 0, 0)


def attack(journal: Path, count: int) -> Counter[str]:
    """Start runners until every program has its verdict, and kill a part of them now and then; returns how often which."""
    draw, kills = random.Random(SEED), Counter[str]()
    for _ in range(MOST_RUNNERS):
        if done(journal) >= count:
            break
        runner = subprocess.Popen([sys.executable, __file__, "--run", str(journal), str(count)])
        while runner.poll() is None:
            time.sleep(draw.uniform(*PAUSE_SECONDS))
            part = "runner" if draw.random() < RUNNER_SHARE else draw.choice(["supervisor", "harness"])
            if (victim := chosen(runner.pid, part, draw)) and runner.poll() is None:
                with suppress(ProcessLookupError):
                    os.kill(victim, signal.SIGKILL)
                    kills[part] += 1
        reap()
    return kills


def chosen(runner: int, part: str, draw: random.Random) -> int:
    """A process to kill, 0 if there is none: the runner, one of its supervisors, or one of their harnesses."""
    if part == "runner":
        return runner if list(descendants(runner)) else 0
    supervisors = children(runner)
    found = supervisors if part == "supervisor" else [pid for supervisor in supervisors for pid in children(supervisor)]
    return draw.choice(found) if found else 0


def children(pid: int) -> list[int]:
    """The processes whose parent is `pid`."""
    with suppress(OSError):
        return [int(child) for task in Path(f"/proc/{pid}/task").iterdir() for child in (task / "children").read_text().split()]
    return []


def done(journal: Path) -> int:
    """How many programs have their verdict."""
    return journal.read_text().count('"verdict"')


def waited_for() -> int:
    """How many processes are left below this one when those that end had their time."""
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        reap()
        if not list(descendants(os.getpid())):
            return 0
        time.sleep(0.1)
    return len(list(descendants(os.getpid())))


def reap() -> None:
    """Take the exit codes of adopted processes."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def run(journal: Path, count: int) -> None:
    """Judge every program that the journal has no verdict of, and append each as one whole line."""
    there = {json.loads(line)["program"] for line in journal.read_text().splitlines() if '"verdict"' in line}
    todo = {number: known for number, known in enumerate(programs(count, SEED)) if number not in there}
    file = os.open(journal, os.O_WRONLY | os.O_APPEND)
    asyncio.run(judge_all(todo, file))
    os.close(file)


async def judge_all(todo: Mapping[int, Known], file: int) -> None:
    """Judge some at once."""
    turns = asyncio.Semaphore(ABREAST)
    async with open_judge(discover(), EXECUTOR, workers=WORKERS, say=lambda warning: None) as judge:

        async def one(number: int, known: Known) -> None:
            async with turns:
                line = {"program": number, **await told(judge, known)}
                os.write(file, json.dumps(line).encode() + b"\n")

        await asyncio.gather(*(one(number, known) for number, known in todo.items()))


async def told(judge: Judge, known: Known) -> dict[str, str]:
    """A program's verdict, or the fault that came in its place; it is then judged again by the next runner."""
    try:
        return {"verdict": (await verdict_of(judge, known)).value}
    except ComponentError as fault:
        return {"fault": str(fault)}


if __name__ == "__main__":
    sys.exit(main())
