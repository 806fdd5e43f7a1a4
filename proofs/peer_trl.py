"""Compare a collection and its update, end to end, with TRL's GRPOTrainer: same model, tasks, judge, rewards, lengths and cores."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
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
WAYS = ("generate", "generate-whole", "static", "continuous")
"""The ways of TRL's side (`peer.theirs.WAYS`); the one that is fastest in a trial plays the match."""
TRIAL_STEPS = 3
TRIAL_SECONDS = 45.0


def main() -> int:
    """Play the match, record it, and return 0 if we are fast enough beside TRL's fastest way. An argument is the number of pairs."""
    pairs = int(sys.argv[1]) if len(sys.argv) > 1 else PAIRS
    subprocess.run([str(REPOSITORY / "proofs" / "peer" / "setup.sh")], check=True)
    executor = executor_that_works()
    overrides, load = [f"executor.use={executor}"], os.getloadavg()[0]
    trials = {way: trial(way, overrides) for way in WAYS}
    way = fastest(trials)
    rounds = match(pairs, way, overrides)
    numbers = {
        "goal": GOAL,
        "executor": executor,
        "threads": THREADS,
        "load_before": round(load, 2),
        "spec": SPEC.read_text(encoding="utf-8"),
        "way": way,
        "trials": {name: [asdict(step) for step in steps] for name, steps in trials.items()},
        **compared(rounds),
    }
    holds = numbers["ratio"]["value"] >= GOAL
    path = record("peer-trl", holds=holds, seeds=[0], numbers=numbers)
    print(json.dumps({key: numbers[key] for key in ("ratio", "ours", "trl")}, indent=1))
    print(f"{'holds' if holds else 'does not hold'}: {path.relative_to(REPOSITORY)}")
    return 0 if holds else 1


def trial(way: str, overrides: Sequence[str]) -> list[Step]:
    """The first steps of one of TRL's ways: as many as begin within TRIAL_SECONDS, at most TRIAL_STEPS."""
    steps: list[Step] = []
    with side(way, TRIAL_STEPS, overrides) as take:
        while len(steps) < TRIAL_STEPS and sum(step.seconds for step in steps) < TRIAL_SECONDS:
            steps.append(take())
    _say(f"trial of {way}", *steps)
    return steps


def fastest(trials: Mapping[str, Sequence[Step]]) -> str:
    """The way with the fastest step, whichever it was."""
    return max(trials, key=lambda way: max(step.tokens_per_second for step in trials[way]))


def match(pairs: int, way: str, overrides: Sequence[str]) -> list[tuple[Step, Step]]:
    """Our step and TRL's in each of `pairs` rounds, one after the other, after a first round that is not counted."""
    rounds = []
    with side(OURS, pairs + 1, overrides) as ours, side(way, pairs + 1, overrides) as theirs:
        for number in range(pairs + 1):
            # who begins changes from round to round, so that nobody gains by its place
            if number % 2:
                own, other = ours(), theirs()
            else:
                other, own = theirs(), ours()
            _say(f"round {number}, ours and {way}", own, other)
            rounds.append((own, other))
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


def compared(rounds: Sequence[tuple[Step, Step]]) -> dict[str, Any]:
    """The median ratio of the rounds' pairs with its interval, the medians of both sides, and the raw steps."""
    ours, theirs = zip(*rounds, strict=True)
    ratio = Ratio.of([step.tokens_per_second for step in ours], [step.tokens_per_second for step in theirs])
    return {
        "ratio": asdict(ratio),
        "ours": medians(ours),
        "trl": medians(theirs),
        "rounds": [{"ours": asdict(own), "trl": asdict(other)} for own, other in rounds],
    }


def medians(steps: Sequence[Step]) -> dict[str, float]:
    """The median of each figure of a step."""
    figures = {"tokens_per_second": [step.tokens_per_second for step in steps]}
    figures |= {name: [getattr(step, name) for step in steps] for name in asdict(steps[0])}
    return {name: round(statistics.median(values), 4) for name, values in figures.items()}


def _say(what: str, *steps: Step) -> None:
    print(f"{what}: {', '.join(f'{step.tokens_per_second:.0f} tokens/s' for step in steps)}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
