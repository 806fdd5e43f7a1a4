"""A language model of one table, its policy and its optimizer, in plain Python: what the suites are tried on where there is no torch."""

import asyncio
import json
import math
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path
from random import Random

from attrs import Factory, define

from rlef_core import (
    Action,
    EpisodeId,
    Finish,
    Message,
    Sampling,
    TrainingDiverged,
    Trajectory,
    Transcript,
    TurnReport,
    UpdateReport,
    VersionSpan,
    Weights,
)
from rlef_core.builtin.scripted import ByteTokenizer

SIZE = 259
TOKENIZER = ByteTokenizer()


@define
class Table:
    """A model: `logits[previous]` are those of the next token. Rows are drawn from the seed when they are first asked for."""

    seed: int = 0
    logits: dict[int, list[float]] = Factory(dict)

    def row(self, previous: int) -> list[float]:
        if previous not in self.logits:
            random = Random(f"{self.seed}/{previous}")
            self.logits[previous] = [random.gauss(0, 1.5) for _ in range(SIZE - 1)] + [1.5]
        return self.logits[previous]

    def logprobs(self, previous: int, temperature: float) -> list[float]:
        scaled = [each / temperature for each in self.row(previous)]
        total = math.log(math.fsum(map(math.exp, scaled)))
        return [each - total for each in scaled]

    def copy(self) -> "Table":
        return Table(self.seed, {previous: list(row) for previous, row in self.logits.items()})


def logprobs(weights: Weights, prompt_ids: Sequence[int], ids: Sequence[int], temperature: float) -> list[float]:
    table: Table = weights.payload
    return [table.logprobs(previous, temperature)[id] for previous, id in pairwise([prompt_ids[-1], *ids])]


class BigramPolicy:
    """Samples from a table, one token at a turn of the event loop."""

    def __init__(self, max_length: int = 160) -> None:
        self.max_length = max_length
        self.table = Table()
        self.version = 0
        self.random = Random(1)

    @asynccontextmanager
    async def open(self, episode: EpisodeId) -> AsyncIterator["BigramConversation"]:
        yield BigramConversation(self)

    async def load(self, weights: Weights) -> None:
        if weights.payload is not None:
            self.table = weights.payload.copy()
        self.version = weights.version

    async def suspend(self) -> None: ...

    async def resume(self) -> None: ...

    async def close(self) -> None: ...

    def draw(self, previous: int, sampling: Sampling, random: Random) -> tuple[int, float]:
        if sampling.temperature == 0:
            return max(range(SIZE), key=self.table.row(previous).__getitem__), 0.0
        logprobs = self.table.logprobs(previous, sampling.temperature)
        kept = nucleus(logprobs, sampling.top_p)
        odds = [math.exp(logprobs[id]) for id in kept]
        (id,) = random.choices(kept, odds)
        return id, min(0.0, logprobs[id] - math.log(math.fsum(odds)))


class BigramConversation:
    def __init__(self, policy: BigramPolicy) -> None:
        self.policy = policy
        self.transcript = Transcript(TOKENIZER)

    async def act(self, messages: Sequence[Message], sampling: Sampling) -> Action:
        self.transcript.observe(messages)
        prompt = tuple(self.transcript.ids)
        room = max(0, self.policy.max_length - len(prompt))
        random = self.policy.random if sampling.seed is None else Random(sampling.seed)
        ids: list[int] = []
        told: list[float] = []
        spans: list[VersionSpan] = []
        while len(ids) < min(room, sampling.max_tokens) and not TOKENIZER.end_of_turn & set(ids[-1:]):
            await asyncio.sleep(0)
            if not spans or spans[-1].version != self.policy.version:
                spans.append(VersionSpan(len(ids), self.policy.version))
            id, logprob = self.policy.draw([*prompt, *ids][-1], sampling, random)
            ids.append(id)
            told.append(logprob)
        self.transcript.answer(ids)
        ended = bool(TOKENIZER.end_of_turn & set(ids[-1:]))
        finish = Finish.STOP if ended else Finish.CONTEXT if len(ids) == room else Finish.LENGTH
        return Action(TOKENIZER.decode(ids), prompt, tuple(ids), tuple(told), tuple(spans), finish)


def nucleus(logprobs: Sequence[float], top_p: float) -> list[int]:
    """The likeliest ids that have at least `top_p` in all."""
    if top_p >= 1:
        return list(range(SIZE))
    kept: list[int] = []
    mass = 0.0
    for id in sorted(range(SIZE), key=logprobs.__getitem__, reverse=True):
        if mass >= top_p:
            break
        kept.append(id)
        mass += math.exp(logprobs[id])
    return kept


Rows = dict[int, list[float]]


class BigramOptimizer:
    """Policy gradient with a KL penalty in the reward, advantages normalised over the collection, and Adam: one step a collection."""

    rate = 0.05
    kl_coefficient = 0.1

    def __init__(self) -> None:
        self.table = Table()
        self.reference = Table()
        self.version = 0
        self.moments: tuple[Rows, Rows] = ({}, {})

    async def update(self, collection: Sequence[Trajectory]) -> UpdateReport:
        kls = [self.kls(trajectory) for trajectory in collection]
        returns = [self.returns(trajectory, kl) for trajectory, kl in zip(collection, kls, strict=True)]
        mean = average([each for row in returns for each in row])
        spread = math.sqrt(average([(each - mean) ** 2 for row in returns for each in row]))
        if not math.isfinite(spread):
            raise TrainingDiverged(f"the returns' spread is {spread}, expected a finite number; the weights are those before")
        advantages = [[(each - mean) / (spread + 1e-8) for each in row] for row in returns]
        self.step(self.gradient(collection, advantages))
        self.version += 1
        reports = [
            TurnReport(trajectory.episode, turn, mean, kls[number][turn], returns[number][turn], advantages[number][turn], 1.0)
            for number, trajectory in enumerate(collection)
            for turn in range(len(trajectory.turns))
        ]
        return UpdateReport(1, {"optimizer/return": mean}, tuple(reports))

    def kls(self, trajectory: Trajectory) -> list[float]:
        """The mean log-ratio of each turn's tokens to the reference."""
        now, initial = ([table.logprobs(a, trajectory.temperature)[b] for a, b in pairwise(trajectory.ids)] for table in self.tables())
        ratios = [a - b for a, b in zip(now, initial, strict=True)]
        return [average(ratios[turn.start - 1 : turn.stop - 1]) for turn in trajectory.turns]

    def tables(self) -> tuple[Table, Table]:
        return self.table, self.reference

    def returns(self, trajectory: Trajectory, kl: Sequence[float]) -> list[float]:
        rewards = [turn.reward - self.kl_coefficient * each for turn, each in zip(trajectory.turns, kl, strict=True)]
        return [math.fsum(rewards[turn:]) for turn in range(len(rewards))]

    def gradient(self, collection: Sequence[Trajectory], advantages: Sequence[Sequence[float]]) -> Rows:
        """Of the mean over trained tokens of advantage times log-prob."""
        gradient: Rows = {}
        count = sum(sum(trajectory.trained) for trajectory in collection)
        for trajectory, own in zip(collection, advantages, strict=True):
            for place, advantage in self.lessons(trajectory, own):
                previous, id = trajectory.ids[place - 1 : place + 1]
                odds = map(math.exp, self.table.logprobs(previous, trajectory.temperature))
                scale = advantage / trajectory.temperature / count
                row = gradient.setdefault(previous, [0.0] * SIZE)
                row[:] = [old - scale * each for old, each in zip(row, odds, strict=True)]
                row[id] += scale
        return gradient

    def lessons(self, trajectory: Trajectory, advantages: Sequence[float]) -> list[tuple[int, float]]:
        """The places of the tokens to learn, each with its advantage."""
        return [(place, each) for turn, each in zip(trajectory.turns, advantages, strict=True) for place in range(turn.start, turn.stop)]

    def step(self, gradient: Rows) -> None:
        first, second = self.moments
        for previous in gradient.keys() | first.keys():
            row, new = self.table.row(previous), gradient.get(previous, [0.0] * SIZE)
            first[previous] = [0.9 * m + 0.1 * g for m, g in zip(first.get(previous, [0.0] * SIZE), new, strict=True)]
            second[previous] = [0.99 * v + 0.01 * g * g for v, g in zip(second.get(previous, [0.0] * SIZE), new, strict=True)]
            moves = [m / (math.sqrt(v) + 1e-8) for m, v in zip(first[previous], second[previous], strict=True)]
            row[:] = [each + self.rate * move for each, move in zip(row, moves, strict=True)]

    @asynccontextmanager
    async def publish(self, scheme: str) -> AsyncIterator[Weights]:
        yield Weights(self.version, scheme, self.table)

    async def save(self, directory: Path) -> None:
        rows = [self.table.logits, *self.moments]
        (directory / "state.json").write_text(json.dumps({"version": self.version, "rows": rows}))

    async def restore(self, directory: Path) -> None:
        state = json.loads((directory / "state.json").read_text())
        logits, first, second = map(numbered, state["rows"])
        self.table, self.moments, self.version = Table(self.table.seed, logits), (first, second), state["version"]

    async def suspend(self) -> None: ...

    async def resume(self) -> None: ...

    async def close(self) -> None: ...


def average(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def numbered(rows: Mapping[str, list[float]]) -> Rows:
    return {int(previous): row for previous, row in rows.items()}
