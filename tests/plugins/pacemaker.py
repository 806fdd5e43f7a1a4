"""A plugin for the tests of the benches: a policy and an optimizer whose pace is known, and baselines of half and of twice that."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from attrs import frozen

from rlef_core import (
    Action,
    Benchmark,
    Context,
    EpisodeId,
    Finish,
    Goal,
    Message,
    Metric,
    Offer,
    Sampling,
    Transcript,
    UpdateReport,
    VersionSpan,
    Weights,
    component,
    hookimpl,
    setting,
)


@frozen
class PaceConfig:
    seconds: float = setting(0.02, help="seconds that an answer or an update takes")
    longest: int = setting(1000, help="tokens of the longest answer")
    lose: bool = setting(False, help="whether it fails")


class Bytes:
    """A tokenizer of bytes."""

    end_of_turn = frozenset({256})

    def encode(self, text: str, *, special: bool) -> list[int]:
        return list(text.encode())

    def decode(self, ids: Sequence[int]) -> str:
        return "x" * len(ids)

    def render(self, messages: Sequence[Message], *, generation: bool) -> str:
        return "".join(message.content for message in messages)


class Pacing:
    """A policy that answers after so many seconds, and an optimizer that learns nothing in as many."""

    built = closed = 0

    def __init__(self, config: PaceConfig, seconds: float) -> None:
        self.config = config
        self.seconds = seconds
        self.updates = 0
        Pacing.built += 1

    @asynccontextmanager
    async def open(self, episode: EpisodeId) -> AsyncIterator["PacingConversation"]:
        yield PacingConversation(self)

    async def load(self, weights: Weights) -> None:
        if weights.payload is not None:
            assert weights.scheme == "carrier"
            await asyncio.sleep(self.seconds)

    async def update(self, collection: Sequence[object]) -> UpdateReport:
        await asyncio.sleep(self.seconds)
        if self.config.lose:
            raise RuntimeError("lost")
        self.updates += 1
        return UpdateReport(1, {"optimizer/padding_share": 0.25})

    @asynccontextmanager
    async def publish(self, scheme: str) -> AsyncIterator[Weights]:
        if scheme == "unchanged":
            yield Weights(self.updates, scheme)
            return
        await asyncio.sleep(self.seconds)
        yield Weights(self.updates, scheme, {"bytes": 4000})

    async def save(self, directory: object) -> None: ...

    async def restore(self, directory: object) -> None: ...

    async def suspend(self) -> None: ...

    async def resume(self) -> None: ...

    async def close(self) -> None:
        Pacing.closed += 1


class PacingConversation:
    """Answers with as many tokens as it is asked for."""

    def __init__(self, policy: Pacing) -> None:
        self.policy = policy
        self.transcript = Transcript(Bytes())

    async def act(self, messages: Sequence[Message], sampling: Sampling) -> Action:
        self.transcript.observe(tuple(messages))
        await asyncio.sleep(self.policy.seconds)
        if self.policy.config.lose:
            raise RuntimeError("lost")
        ids = (65,) * min(sampling.max_tokens, self.policy.config.longest if sampling.ignore_end else 5)
        prompt = tuple(self.transcript.ids)
        self.transcript.answer(ids)
        return Action("x" * len(ids), prompt, ids, (0.0,) * len(ids), (VersionSpan(0, 0),), Finish.LENGTH)


def paced(name, times, **offer):
    build = lambda config, context: Pacing(config, times * config.seconds)  # noqa: E731  # a test's one-liner
    told = (Metric("optimizer/padding_share", "", "nothing"),)
    offers = lambda config: Offer(**offer)  # noqa: E731  # a test's one-liner
    return component(name=name, summary=f"{times} times as long", config=PaceConfig, build=build, offers=offers, metrics=told)


def broken(config: PaceConfig, context: Context) -> Pacing:
    raise RuntimeError("no engine")


@hookimpl
def rlef_register_policies():
    offers = lambda config: Offer(weight_schemes=("carrier",))  # noqa: E731  # a test's one-liner
    engineless = component(name="engineless", summary="cannot be built", config=PaceConfig, build=broken, offers=offers)
    return [
        paced("paced", 1, weight_schemes=("carrier",)),
        engineless,
    ]


@hookimpl
def rlef_register_optimizers():
    return [paced("pacing", 1, weight_schemes=("unchanged",)), paced("moving", 0.5, weight_schemes=("memory", "carrier"))]


@hookimpl
def rlef_register_benchmarks():
    goals = (Goal("paced", "whole/tokens_per_second", at_least=1.4, times="slow"), Goal("paced", "turn1/tokens_per_second", at_least=1e9))
    within = Goal("pacing", "seconds_per_collection", at_most=0.4, times="slow-update")
    return [
        Benchmark("policy", (paced("slow", 2), paced("brisk", 0.5)), goals, beside=("paced", "engineless")),
        Benchmark("policy", (paced("others", 2),), beside=("scripted",)),
        Benchmark("optimizer", (paced("slow-update", 3),), (within,)),
    ]
