"""Show that 20,000 programs leave the executor as it was: no growth in processes, descriptors, memory, control groups, temporary files."""

import asyncio
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from record import REPOSITORY, record
from sandbox_load import Known, descendants, left_control_groups, programs, resident_bytes, temporary_folder, verdict_of

from rlef_core.evaluation.judging import open_judge
from rlef_core.registry import discover
from rlef_core.rollout.judge import Judge

EXECUTOR = "nsjail"
PROGRAMS = 20_000
SAMPLES = 20
ABREAST = 8
WORKERS = 2
MEMORY_GROWTH_BYTES = 16 << 20
SEED = 0


def main() -> int:
    """Run, record, and return 0 if nothing grew and every verdict was right."""
    numbers = asyncio.run(soak(PROGRAMS, SAMPLES))
    holds = all(numbers["holds"].values())
    path = record("executor-soak", holds=holds, seeds=[SEED], numbers=numbers)
    print(f"{'holds' if holds else 'does not hold'}: {path.relative_to(REPOSITORY)}")
    return 0 if holds else 1


async def soak(count: int, samples: int) -> dict[str, Any]:
    """The figures of `count` programs, looked at `samples` times, and which bounds hold."""
    groups, began = left_control_groups(), time.monotonic()
    looks, wrong = [], []
    everything = list(programs(count, SEED))
    step = max(1, count // samples)
    with temporary_folder() as folder:
        async with open_judge(discover(), EXECUTOR, workers=WORKERS, say=lambda warning: None) as judge:
            for first in range(0, count, step):
                wrong += await judged(judge, everything[first : first + step])
                looks.append(look(first + step, time.monotonic() - began, folder))
                print(looks[-1], flush=True)
        left = {
            "processes": len(list(descendants(os.getpid()))),
            "temporary files": sorted(path.name for path in folder.iterdir()),
            "control groups": sorted(left_control_groups() - groups),
        }
    return {"looks": looks, "wrong": wrong, "left": left, "holds": bounds(looks, wrong, left)}


async def judged(judge: Judge, batch: Sequence[Known]) -> list[str]:
    """Judge a batch, some at once; returns what got another verdict than it must."""
    turns = asyncio.Semaphore(ABREAST)

    async def one(known: Known) -> str:
        async with turns:
            found = await verdict_of(judge, known)
        return "" if found is known.verdict else f"found {found.value}, expected {known.verdict.value}: {known.source!r}"

    return [told for told in await asyncio.gather(*map(one, batch)) if told]


def look(programs_run: int, seconds: float, folder: Path) -> dict[str, Any]:
    """What this process and those below it hold now."""
    below = list(descendants(os.getpid()))
    return {
        "programs": programs_run,
        "seconds": round(seconds, 1),
        "processes": len(below),
        "descriptors": len(list(os.scandir("/proc/self/fd"))),
        "own_bytes": resident_bytes(os.getpid()),
        "largest_bytes_below": max(map(resident_bytes, below), default=0),
        "left_control_groups": len(left_control_groups()),
        "temporary_files": len(list(folder.iterdir())),
    }


def bounds(looks: Sequence[dict[str, Any]], wrong: Sequence[str], left: dict[str, Any]) -> dict[str, bool]:
    """What no growth means: from the first look, after one part of the programs, to every later one."""
    first = looks[0]
    same = ("processes", "descriptors", "left_control_groups", "temporary_files")
    return {
        "every verdict is right": not wrong,
        **{f"no more {name.replace('_', ' ')}": all(each[name] <= first[name] for each in looks) for name in same},
        "no more memory": all(looks[-1][name] - first[name] < MEMORY_GROWTH_BYTES for name in ("own_bytes", "largest_bytes_below")),
        "nothing is left": not any(left.values()),
    }


if __name__ == "__main__":
    sys.exit(main())
