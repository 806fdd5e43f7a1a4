"""Describe an optimizer to its suite, and teach it trajectories whose lesson is known."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from itertools import pairwise
from random import Random

from attrs import frozen

from rlef_core import EpisodeId, Optimizer, Trajectory, TurnSpan, UpdateReport, Weights
from rlef_core.testing.logprobs import LogProbs

EPISODES = 8
"""Trajectories of a collection, by turns of the good and of the bad script."""
LENGTHS = (6, 4, 8, 4)
"""Ids of a script's parts: prompt, answer, feedback, second answer."""
TRAINED = (False, True, False, True)


@frozen
class OptimizerSubject:
    """What the checks need to know of an optimizer.

    build: makes the optimizer anew, in the same state every time: without warm-up, at a step size that moves a short answer's log-prob by
        tenths of a nat in one collection of eight, under a KL penalty of the order of 0.1.
    logprobs: what the trainer says of published weights; asked only while they are valid.
    vocabulary: the ids below this are the model's; at least 64.
    scheme: the weights that it publishes.
    build_split: the same optimizer, splitting its work otherwise (micro-batches, ranks): it must learn the same.
    tolerance: how far apart log-probs may be that should be equal, in nats; low precision needs more.
    """

    build: Callable[[], Optimizer]
    logprobs: LogProbs
    vocabulary: int
    scheme: str = "memory"
    build_split: Callable[[], Optimizer] | None = None
    tolerance: float = 1e-6


@frozen
class Script:
    """How an episode of two turns goes: the ids of its four parts."""

    parts: tuple[tuple[int, ...], ...]

    @property
    def ids(self) -> tuple[int, ...]:
        """The whole episode."""
        return tuple(id for part in self.parts for id in part)

    def places(self, trained: bool) -> list[tuple[int, int]]:
        """Where its answers stand, or else where its feedback stands, as (start, stop)."""
        stops = [sum(LENGTHS[: number + 1]) for number in range(len(LENGTHS))]
        return [span for span, own in zip(pairwise(stops), TRAINED[1:], strict=True) if own is trained]


@frozen
class Reading:
    """Mean log-probs per token under published weights: of the good answers, of the bad ones, and of the feedback on good answers less that
    on bad ones."""

    good: float
    bad: float
    feedback: float

    @property
    def answers(self) -> float:
        """How much likelier the good answers are than the bad ones."""
        return self.good - self.bad


def scripts(subject: OptimizerSubject) -> tuple[Script, Script]:
    """The good script and the bad one. They share the prompt and no other id."""
    assert subject.vocabulary >= 64, f"the subject's vocabulary is {subject.vocabulary}, expected at least 64 for this check"
    ids = iter(Random(5).sample(range(subject.vocabulary), 2 * sum(LENGTHS)))
    good, bad = [tuple(tuple(next(ids) for _ in range(length)) for length in LENGTHS) for _ in range(2)]
    return Script(good), Script((good[0], *bad[1:]))


@frozen
class Lesson:
    """What a collection teaches: how many turns of a script are played, and what the last one earns the good script and the bad."""

    rewards: tuple[float, float] = (1.0, -1.0)
    turns: int = 2
    temperature: float = 1.0


LESSON = Lesson()


def collection(subject: OptimizerSubject, weights: Weights, lesson: Lesson = LESSON) -> list[Trajectory]:
    """Eight episodes of one task, as if `weights` had sampled them."""
    return [
        _trajectory(subject, weights, script, lesson, EpisodeId("train", weights.version, "script", number))
        for number, script in enumerate(scripts(subject) * (EPISODES // 2))
    ]


@asynccontextmanager
async def built(build: Callable[[], Optimizer]) -> AsyncIterator[Optimizer]:
    """A new optimizer."""
    optimizer = build()
    try:
        yield optimizer
    finally:
        await optimizer.close()


async def sampled(subject: OptimizerSubject, optimizer: Optimizer, lesson: Lesson = LESSON) -> list[Trajectory]:
    """A collection of the optimizer's current weights."""
    async with optimizer.publish(subject.scheme) as weights:
        return collection(subject, weights, lesson)


async def sampled_unevenly(subject: OptimizerSubject, optimizer: Optimizer) -> list[Trajectory]:
    """A collection of the optimizer's current weights whose first half has one turn and whose second half has two."""
    short, long = await sampled(subject, optimizer, Lesson(turns=1)), await sampled(subject, optimizer)
    return short[: EPISODES // 2] + long[EPISODES // 2 :]


async def teach(subject: OptimizerSubject, optimizer: Optimizer, lesson: Lesson = LESSON, rounds: int = 1) -> UpdateReport:
    """Learn from that many collections, each of the weights that the one before it left; returns the last report."""
    for _ in range(rounds):
        report = await optimizer.update(await sampled(subject, optimizer, lesson))
    return report


async def read(subject: OptimizerSubject, optimizer: Optimizer, turns: int = 2) -> Reading:
    """What the published weights make of the first turns of the two scripts."""
    async with optimizer.publish(subject.scheme) as weights:
        (good, told), (bad, scolded) = [
            [_mean(subject, weights, script, script.places(trained)[:turns]) for trained in (True, False)] for script in scripts(subject)
        ]
    return Reading(good, bad, told - scolded)


async def fingerprint(subject: OptimizerSubject, optimizer: Optimizer) -> tuple[float, ...]:
    """The log-probs of all ids of both scripts under the published weights: equal weights have equal ones."""
    async with optimizer.publish(subject.scheme) as weights:
        return tuple(each for script in scripts(subject) for each in subject.logprobs(weights, script.ids[:1], script.ids[1:], 1.0))


async def version(subject: OptimizerSubject, optimizer: Optimizer) -> int:
    """The version of the published weights."""
    async with optimizer.publish(subject.scheme) as weights:
        return weights.version


def _trajectory(subject: OptimizerSubject, weights: Weights, script: Script, lesson: Lesson, episode: EpisodeId) -> Trajectory:
    spans = script.places(trained=True)[: lesson.turns]
    ids = script.ids[: spans[-1][1]]
    logprobs, versions = [0.0] * len(ids), [-1] * len(ids)
    for start, stop in spans:
        logprobs[start:stop] = subject.logprobs(weights, ids[:start], ids[start:stop], lesson.temperature)
        versions[start:stop] = [weights.version] * (stop - start)
    rewards = [0.0] * (lesson.turns - 1) + [lesson.rewards[episode.number % 2]]
    turns = tuple(TurnSpan(*span, reward) for span, reward in zip(spans, rewards, strict=True))
    trained = tuple(each >= 0 for each in versions)
    return Trajectory(episode, ids, trained, tuple(logprobs), tuple(versions), turns, lesson.temperature)


def _mean(subject: OptimizerSubject, weights: Weights, script: Script, places: Sequence[tuple[int, int]]) -> float:
    found = [each for start, stop in places for each in subject.logprobs(weights, script.ids[:start], script.ids[start:stop], 1.0)]
    return sum(found) / len(found)
