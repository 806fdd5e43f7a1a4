"""Show that a run of vLLM and DeepSpeed goes on from its checkpoint when its driver, a rank or its engine is killed, and leaves no process.

With vLLM the resumed run has the same tasks and counters as an unbroken one; with deterministic answers of `transformers`, the same bits.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import psutil
from processes import begun, finished, gone, kill, left, start
from record import REPOSITORY, record

SPEC = "docs/specs/vllm-deepspeed-cpu.yaml"
SHORT = (
    "optimizer.world_size=2",
    "training.updates=8",
    "training.checkpoint_every=2",
    "training.episodes_per_collection=64",
    "training.sequences_per_update=32",
    "evaluation.episodes=8",
)
EXACT = ("policy={use: transformers}", "rollout.deterministic=true", "rollout.concurrency=64")
CLOCKS = ("seconds", "_per_second", "loop/idle_share", "executor/cache_hit_rate", "executor/retries")
STARTS = ("executor/jails_started", "optimizer/published_bytes")
"""Metrics that count what a process does once more when it begins."""
RANDOM = "random.safetensors"
"""torch's own random states: two processes never begin with the same, and no update draws from them."""


def main() -> int:
    """Try every way, record, and return 0 if all went as they should."""
    with tempfile.TemporaryDirectory(prefix="rlef-proof-") as name:
        folder = Path(name)
        whole, exact = unbroken(folder / "whole"), unbroken(folder / "exact", *EXACT)
        numbers = {
            "driver killed": driver_killed(folder / "driver", whole, counted),
            "rank killed": rank_killed(folder / "rank", whole),
            "engine killed": engine_killed(folder / "engine", whole),
            "driver killed, deterministic": driver_killed(folder / "bits", exact, bits, *EXACT),
        }
    holds = all(each["holds"] for each in numbers.values())
    path = record("engines-survive", holds=holds, seeds=[0], numbers=numbers)
    print(f"{'holds' if holds else 'does not hold'}: {path.relative_to(REPOSITORY)}")
    return 0 if holds else 1


def unbroken(directory: Path, *settings: str) -> Path:
    """The directory of a run that nothing happened to."""
    sets = [word for setting in (*SHORT, *settings, f"run.directory={directory}") for word in ("--set", setting)]
    status, lines = finished(start("run", SPEC, *sets))
    if status:
        raise SystemExit("\n".join(lines))
    return directory


def driver_killed(directory: Path, whole: Path, held: Callable[[Path], Any], *settings: str) -> dict[str, Any]:
    """The run itself is killed: its ranks and its engine end with it, and `resume` makes of it what the whole one is."""
    process, below = found_below(directory, settings, lambda child: True)
    process.kill()
    process.wait()
    left_alone = gone(below)
    return judged(directory, whole, held, left_alone=left_alone, left=left(below))


def rank_killed(directory: Path, whole: Path) -> dict[str, Any]:
    """A rank is killed: the run stops with one message that names it, nothing is left, and `resume` goes on."""
    process, ranks = found_below(directory, (), is_rank)
    below = psutil.Process(process.pid).children(recursive=True)
    kill(ranks[-1])
    status, lines = finished(process)
    said = [line for line in lines if "rank" in line]
    stopped = {"left_alone": gone(below), "left": left(below), "status": status, "message": said}
    return judged(directory, whole, counted, named=status == 4 and len(said) == 1, **stopped)


def engine_killed(directory: Path, whole: Path) -> dict[str, Any]:
    """The engine is killed, with restarts left: the run reaches its end by itself."""
    process, engines = found_below(directory, (), lambda child: child.name().startswith("VLLM"))
    kill(engines[0])
    status, lines = finished(process)
    same = status == 0 and counted(directory) == counted(whole)
    return {"holds": same and gone(engines), "status": status, "last": lines[-1:], "left": left(engines)}


def judged(directory: Path, whole: Path, held: Callable[[Path], Any], **facts: Any) -> dict[str, Any]:
    """Resume, and say whether what `held` reads of the run is that of the whole one; every fact that is a bool must be true too."""
    status, lines = finished(start("resume", str(directory)))
    same = status == 0 and held(directory) == held(whole)
    holds = same and all(fact for fact in facts.values() if isinstance(fact, bool))
    return {"holds": holds, "resumed": status, "same": same, "last": lines[-1:], **facts}


def counted(directory: Path) -> dict[str, Any]:
    """What runs of the same spec have alike whatever was sampled: tasks in order, counters, and that no episode stands there twice."""
    ids = [json.loads(line)["episode"]["id"] for line in lines_of(directory / "episodes" / "train.jsonl")]
    tasks = sorted((each["collection"], each["task"]) for each in ids)
    updates = [json.loads(line)["updates"] for line in lines_of(directory / "metrics.jsonl")]
    counters = [json.loads(path.read_text()) for path in sorted(directory.glob("checkpoints/*/optimizer/counters.json"))]
    steps = [(each["updates"], each["version"]) for each in counters]
    return {"tasks": tasks, "updates": updates, "steps": steps, "twice": len(ids) - len({json.dumps(each) for each in ids})}


def bits(directory: Path) -> dict[str, Any]:
    """Every byte of the optimizer's last state but RANDOM, and every metric apart from CLOCKS and STARTS."""
    newest = max(directory.glob("checkpoints/[0-9]*"), key=lambda folder: int(folder.name)) / "optimizer"
    files = {str(path.relative_to(newest)): path.read_bytes() for path in newest.rglob("*") if path.is_file() and path.name != RANDOM}
    metrics = [json.loads(line)["metrics"] for line in lines_of(directory / "metrics.jsonl")]
    return {"files": files, "metrics": [{name: each[name] for name in each if not name.endswith((*CLOCKS, *STARTS))} for each in metrics]}


def found_below(
    directory: Path, settings: Sequence[str], victims: Callable[[psutil.Process], bool]
) -> tuple["subprocess.Popen[str]", list[psutil.Process]]:
    """A run of both engines in its second collection, and processes below it."""
    return begun(directory, SPEC, (*SHORT, *settings), victims)


def is_rank(process: psutil.Process) -> bool:
    """It is one of the optimizer's ranks, and no launcher."""
    words = process.cmdline()
    return any("rlef_deepspeed" in word for word in words) and "torch.distributed.run" not in words


def lines_of(path: Path) -> list[str]:
    """A journal's lines."""
    return path.read_text(encoding="utf-8").splitlines()


if __name__ == "__main__":
    sys.exit(main())
