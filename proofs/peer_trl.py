"""Compare a collection and its update, end to end, with TRL's GRPOTrainer: same model, tasks, judge, rewards, lengths and cores."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

from attrs import asdict
from peer.match import SPEC, Step, executor_that_works
from record import REPOSITORY, record

from rlef_core.bench.figures import Ratio

GOAL = 1.5
PAIRS = 7
THREADS = 2
ENVIRONMENT = ".venv-peer-trl"
OURS = "ours"
THEIRS = ("trl", "trl-continuous")


def main() -> int:
    """Play the match, record it, and return 0 if we are fast enough beside the faster of TRL's ways. An argument is the number of pairs."""
    pairs = int(sys.argv[1]) if len(sys.argv) > 1 else PAIRS
    subprocess.run([str(REPOSITORY / "proofs" / "peer" / "setup.sh")], check=True)
    executor = executor_that_works()
    rounds = match(pairs, [f"executor.use={executor}"])
    numbers = {"executor": executor, "spec": SPEC.read_text(encoding="utf-8"), **compared(rounds)}
    holds = numbers["ratio"]["value"] >= GOAL
    path = record("peer-trl", holds=holds, seeds=[0], numbers=numbers)
    print(json.dumps({key: numbers[key] for key in ("ratio", "sides")}, indent=1))
    print(f"{'holds' if holds else 'does not hold'}: {path.relative_to(REPOSITORY)}")
    return 0 if holds else 1


def match(pairs: int, overrides: Sequence[str]) -> list[dict[str, Step]]:
    """`pairs` rounds in which every side takes one step, one after the other, after a first round that is not counted."""
    rounds = []
    with ExitStack() as stack:
        sides = {name: stack.enter_context(side(name, pairs + 1, overrides)) for name in (OURS, *THEIRS)}
        for number in range(pairs + 1):
            # whoever begins is another in each round, so that none gains by its place
            names = [*sides][number % len(sides) :] + [*sides][: number % len(sides)]
            steps = {name: sides[name]() for name in names}
            speeds = ", ".join(f"{name} {step.tokens_per_second:.0f}" for name, step in steps.items())
            print(f"round {number}, tokens/s: {speeds}", flush=True)
            rounds.append(steps)
    return rounds[1:]


@contextmanager
def side(name: str, steps: int, overrides: Sequence[str]) -> Iterator[Callable[[], Step]]:
    """Start a side's process; what is yielded lets it take one step. Raises RuntimeError with what it wrote when it ends before."""
    words = [sys.executable, "-m", "peer.ours"] if name == OURS else [f"{ENVIRONMENT}/bin/python", "-m", "peer.theirs", name]
    settings = {"PYTHONPATH": "proofs", "OMP_NUM_THREADS": str(THREADS), "HF_HUB_OFFLINE": "1", "TRL_EXPERIMENTAL_SILENCE": "1"}
    with (
        tempfile.TemporaryFile("w+") as errors,
        subprocess.Popen(
            [*words, str(steps), *overrides],
            cwd=REPOSITORY,
            env={**os.environ, **settings},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        ) as process,
    ):

        def take() -> Step:
            assert process.stdout is not None  # it is a pipe
            with suppress(BrokenPipeError):  # told below
                print("go", file=process.stdin, flush=True)
            for line in process.stdout:
                if line.startswith("step "):
                    return Step(**json.loads(line.removeprefix("step ")))
            errors.seek(0)
            raise RuntimeError(f"side {name!r} ended before its step: {errors.read()[-2000:]}")

        yield take
        with suppress(BrokenPipeError):
            process.communicate()  # closes its input, which ends it


def compared(rounds: Sequence[Mapping[str, Step]]) -> dict[str, Any]:
    """The sides' medians, the ratio to the faster of TRL's ways in pairs of one round, and the raw steps."""
    sides = {name: medians([each[name] for each in rounds]) for name in rounds[0]}
    best = max(THEIRS, key=lambda name: sides[name]["tokens_per_second"])
    ratio = Ratio.of(*([each[name].tokens_per_second for each in rounds] for name in (OURS, best)))
    return {
        "goal": GOAL,
        "threads": THREADS,
        "ratio": {"to": best, **asdict(ratio)},
        "sides": sides,
        "rounds": [{name: asdict(step) for name, step in each.items()} for each in rounds],
    }


def medians(steps: Sequence[Step]) -> dict[str, float]:
    """The median of each figure of a step."""
    figures = {"tokens_per_second": [step.tokens_per_second for step in steps]}
    figures |= {name: [getattr(step, name) for step in steps] for name in asdict(steps[0])}
    return {name: round(statistics.median(values), 4) for name, values in figures.items()}


if __name__ == "__main__":
    sys.exit(main())
