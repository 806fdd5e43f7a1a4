"""Show that a run holds no more after 500 collections than after 50: memory, descriptors, threads, processes, temporary files."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any

from attrs import Factory, define
from record import REPOSITORY, record
from sandbox_load import descendants, resident_bytes, temporary_folder

COLLECTIONS = 500
BLOCK = 50
"""Collections whose looks are put together; the first block is the warm-up."""
SECONDS = 0.2
"""Between two looks."""
GROWTH_BYTES = 20_000_000
"""How much the memory of the last block may be above that of the block after the warm-up."""
SEED = 0
RUNS: Mapping[str, Sequence[str]] = {"usual": (), "evicting": ("policy.cache_bytes=200kB",)}
"""What each run sets besides `SMALL`. Collections this small make the policy drift at the quickstart's step size, so that answers grow, and
memory with them; it must come back."""
SMALL = (
    "training.episodes_per_collection=8",
    "training.sequences_per_update=8",
    "training.checkpoint_every=250",
    "evaluation={episodes: 1}",
    "rollout.cache_bytes=1MB",  # full before the warm-up ends: a cache that fills is no leak
)


@define
class Watched:
    """A run in a process of its own, and what it was seen to hold by collection."""

    process: "subprocess.Popen[bytes]"
    directory: Path
    temporary: Path
    looks: list[dict[str, int]] = Factory(list)

    def look(self) -> None:
        """Look once; nothing is noted before the first collection was learnt from, or after the run's end."""
        journal = self.directory / "metrics.jsonl"
        collection = journal.read_bytes().count(b"\n") if journal.exists() else 0
        try:
            found = {"collection": collection, **held(self.process.pid, self.temporary)}
        except OSError:
            return
        if collection and found["driver_bytes"]:
            self.looks.append(found)


def main() -> int:
    """Run, record, and return 0 if nothing grew."""
    numbers = watch(COLLECTIONS, BLOCK)
    holds = all(all(found["holds"].values()) for found in numbers.values())
    path = record("flat-memory", holds=holds, seeds=[SEED], numbers=numbers)
    print(f"{'holds' if holds else 'does not hold'}: {path.relative_to(REPOSITORY)}")
    return 0 if holds else 1


def watch(collections: int, block: int) -> dict[str, Any]:
    """The figures of every run, all of them at once, for memory does not depend on load."""
    with ExitStack() as stack:
        folders = {name: stack.enter_context(temporary_folder()) for name in RUNS}
        runs = {name: begin(folder, collections, RUNS[name]) for name, folder in folders.items()}
        while any(run.process.poll() is None for run in runs.values()):
            for run in runs.values():
                run.look()
            time.sleep(SECONDS)
        return {name: figures(run, collections, block) for name, run in runs.items()}


def begin(folder: Path, collections: int, sets: Sequence[str]) -> Watched:
    """Start a run whose temporary files are its own."""
    directory, temporary = folder / "run", folder / "temporary"
    temporary.mkdir()
    temporary.chmod(0o1777)
    sets = (*SMALL, *sets, f"run.seed={SEED}", f"run.directory={directory}", f"training.updates={collections}")
    words = ["run", "docs/specs/quickstart.yaml", *(word for one in sets for word in ("--set", one))]
    environment = {**os.environ, "TMPDIR": str(temporary)}
    with (folder / "said").open("wb") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "rlef_core", *words], cwd=REPOSITORY, env=environment, stdout=subprocess.DEVNULL, stderr=said
        )
    return Watched(process, directory, temporary)


def held(pid: int, temporary: Path) -> dict[str, int]:
    """What a process holds now; memory of those below it counts what they share once each."""
    below = list(descendants(pid))
    return {
        "driver_bytes": resident_bytes(pid),
        "tree_bytes": sum(map(resident_bytes, (pid, *below))),
        "descriptors": len(list(os.scandir(f"/proc/{pid}/fd"))),
        "threads": len(list(os.scandir(f"/proc/{pid}/task"))),
        "processes": len(below),
        "temporary_files": sum(1 for _ in temporary.iterdir()),
    }


def figures(run: Watched, collections: int, block: int) -> dict[str, Any]:
    """The medians of each block of collections, what was evicted, and which bounds hold."""
    if run.process.returncode:
        sys.exit((run.directory.parent / "said").read_text(encoding="utf-8"))
    blocks = list(medians(run.looks, collections, block))
    lines = (run.directory / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    metrics = [json.loads(line)["metrics"] for line in lines]
    evictions = sum(each["policy/kv_evictions"] for each in metrics)
    reuse = [each["policy/kv_reuse_rate"] for each in metrics]
    counts = {"collections": len(metrics), "looks": len(run.looks)}
    kept = {"kv_evictions": evictions, "kv_reuse_rate": round(sum(reuse) / len(reuse), 3)}
    return {**counts, **kept, "blocks": blocks, "holds": bounds(blocks, counts, collections)}


def medians(looks: Sequence[Mapping[str, int]], collections: int, block: int) -> Iterator[dict[str, float]]:
    """The median of every figure, by block; a block is named by the collection that it begins after."""
    for first in range(0, collections, block):
        inside = [look for look in looks if first < look["collection"] <= first + block]
        if inside:
            yield {name: median(look[name] for look in inside) for name in inside[0] if name != "collection"} | {"after": first}


def bounds(blocks: Sequence[Mapping[str, float]], counts: Mapping[str, int], collections: int) -> dict[str, bool]:
    """What flat means: from the block after the warm-up to the last; counts may be as high as in the warm-up."""
    warm, last = blocks[1], blocks[-1]
    return {
        "every collection was learnt from": counts["collections"] == collections,
        **{f"flat {name}": last[name] - warm[name] < GROWTH_BYTES for name in ("driver_bytes", "tree_bytes")},
        **{
            f"no more {name}": last[name] <= max(blocks[0][name], warm[name])
            for name in ("descriptors", "threads", "processes", "temporary_files")
        },
    }


if __name__ == "__main__":
    sys.exit(main())
