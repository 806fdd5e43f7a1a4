"""Weights change under load, 20 times here and RLEF_VLLM_UPDATES times where that is set, as `make proof vllm-updates` does."""

import asyncio
import itertools
import json
import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import psutil
import pytest
from attrs import Factory, define

from rlef_core import Action, EpisodeId, Message, PolicyFault, Sampling, Weights
from rlef_core.testing import PolicySubject
from rlef_models.transfer import Parameters, Publisher
from rlef_vllm.policy import VllmPolicy

pytestmark = pytest.mark.repository

UPDATES = int(os.environ.get("RLEF_VLLM_UPDATES", "20"))
FIRST = 1000
"""The first version; those before are other tests'."""
SETS = 5
"""Sets of weights, which the versions go through in turn."""
CONVERSATIONS = 8
TURNS = 3
TOKENS = 24
ANSWERS = 3
"""Answers that end between two updates, so that conversations get on."""
TOLERANCE = 1e-4
GROWTH_BYTES = 20_000_000
"""How much more may be held in the last tenth of the updates than in the first."""


async def test_no_answer_is_lost_and_no_token_is_of_another_version_while_weights_change(
    lend: Callable[[], VllmPolicy], trainer: Any, run: Any, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    run.metrics.values.clear()
    publisher = Publisher(tmp_path, "cpu", timeout=60)
    trial = Trial(lend(), trainer, publisher)
    try:
        await trial.warm_up()
        async with asyncio.TaskGroup() as group:
            for number in range(CONVERSATIONS):
                group.create_task(trial.converse(number))
            for number in range(UPDATES):
                await trial.answers(ANSWERS)
                await trial.update(scheme_of(number))
            trial.over = True
    finally:
        await publisher.close()
    found = {**trial.figures(), "load_seconds": summed(run.metrics.values["policy/load_seconds"])}
    record_property("found", json.dumps(found))
    assert alike(trainer) < 0.05, "a token of another version would not be noticed"
    assert [bound for bound, holds in found["holds"].items() if not holds] == [], found


@define
class Trial:
    """Conversations that never pause, each answer checked as it comes and then forgotten, while weights are loaded."""

    policy: VllmPolicy
    trainer: Any
    publisher: Publisher
    over: bool = False
    begun: int = FIRST
    """The version whose load began last."""
    loaded: int = FIRST
    """The version whose load returned last."""
    gap: float = 0.0
    counts: Counter[str] = Factory(Counter)
    looks: list[Mapping[str, int]] = Factory(list)
    ended: "asyncio.Queue[None]" = Factory(asyncio.Queue)

    async def warm_up(self) -> None:
        """Every scheme once, and one conversation: what is made on first use is no growth."""
        for scheme in ("shm", "file", "gloo"):
            await self.update(scheme)
        async with self.policy.open(EpisodeId("train", 0, "warm-up", 0)) as conversation:
            await self.ask(conversation, 0)
        self.counts.clear()
        self.looks.clear()

    async def update(self, scheme: str) -> None:
        """Load the next version."""
        self.begun += 1
        which = weights_of(self.begun)
        parameters = Parameters.of(dict(self.trainer.model(which).named_parameters()))
        async with self.publisher.publish(scheme, self.begun, parameters, self.trainer.probe(which)) as weights:
            await self.policy.load(weights)
        self.loaded = self.begun
        self.counts[f"updates by {scheme}"] += 1
        self.looks.append(held(self.policy))

    async def answers(self, count: int) -> None:
        """Wait until so many more answers have ended."""
        for _ in range(count):
            await self.ended.get()

    async def converse(self, number: int) -> None:
        """Conversations of three turns, one after the other."""
        for round in itertools.count():
            if self.over:
                return
            async with self.policy.open(EpisodeId("train", round, "task", number)) as conversation:
                for turn in range(TURNS):
                    await self.ask(conversation, CONVERSATIONS * (TURNS * round + turn) + number)

    async def ask(self, conversation: Any, seed: int) -> None:
        """One answer, checked."""
        loaded = self.loaded
        self.counts["asked"] += 1
        try:
            action = await conversation.act([Message("user", f"print {seed}")], Sampling(max_tokens=TOKENS, seed=seed, ignore_end=True))
        except PolicyFault:
            return  # which the counts tell
        finally:
            self.ended.put_nowait(None)
        self.counts["answered"] += 1
        self.check(action, loaded)

    def check(self, action: Action, loaded: int) -> None:
        """Its versions are those that were there meanwhile, in their order, and its log-probs are those of its versions."""
        versions = [span.version for span in action.spans]
        right = versions == sorted(versions) and loaded <= versions[0] and versions[-1] <= self.begun
        self.counts["answers of versions that were not there"] += not right
        self.counts["answers of several versions"] += len(versions) > 1
        self.counts["short answers"] += len(action.ids) < TOKENS
        self.counts["tokens"] += len(action.ids)
        self.gap = max(self.gap, self.subject.error(action, 1.0))

    @property
    def subject(self) -> PolicySubject:
        """What tells an action's distance from the versions that it names."""
        return PolicySubject(
            build=lambda: self.policy,
            max_length=self.policy.longest,
            weights=lambda version: Weights(weights_of(version), "unchanged"),
            logprobs=lambda weights, prompt, ids, temperature: self.trainer.logprobs(weights.version, prompt, ids, temperature),
        )

    def figures(self) -> dict[str, Any]:
        """What was counted, and which bounds hold."""
        counts = self.counts
        tenth = max(1, len(self.looks) // 10)
        tenths = [middle(self.looks[at : at + tenth]) for at in range(0, len(self.looks), tenth)]
        first, last = tenths[0], tenths[-1]
        holds = {
            "every answer came, and whole": counts["asked"] == counts["answered"] and not counts["short answers"],
            "answers went on over updates": counts["answers of several versions"] > UPDATES / 2,
            "every version was there": not counts["answers of versions that were not there"],
            f"every token within {TOLERANCE:g} nats of its version": self.gap <= TOLERANCE,
            **{f"flat {name}": last[name] - first[name] < GROWTH_BYTES for name in ("driver_bytes", "engine_bytes")},
            **{f"no more {name}": last[name] <= first[name] for name in ("descriptors", "processes")},
        }
        return {"counts": counts, "gap": self.gap, "held by tenth": tenths, "holds": holds}


def scheme_of(number: int) -> str:
    """Memory, mostly."""
    return {3: "gloo", 7: "file"}.get(number % 10, "shm")


def weights_of(version: int) -> int:
    """Which set of weights a version has; the one before and the one after have others."""
    return 1 + version % SETS


def alike(trainer: Any) -> float:
    """The greatest share of tokens, over all pairs of sets, whose log-probs do not tell the two apart."""
    rows = [trainer.probe(1 + number).logprobs for number in range(SETS)]
    pairs = itertools.combinations(rows, 2)
    return max(sum(abs(a - b) <= TOLERANCE for a, b in zip(*pair, strict=True)) / len(rows[0]) for pair in pairs)


def held(policy: VllmPolicy) -> dict[str, int]:
    """What driver and engine hold now."""
    driver, engine = psutil.Process(), policy.engine._processes
    return {
        "driver_bytes": driver.memory_info().rss,
        "engine_bytes": sum(process.memory_info().rss for process in engine),
        "descriptors": sum(process.num_fds() for process in (driver, *engine)),
        "processes": len(driver.children(recursive=True)),
    }


def middle(looks: Sequence[Mapping[str, int]]) -> dict[str, float]:
    """The median of every figure."""
    return {name: median(look[name] for look in looks) for name in looks[0]}


def summed(seconds: Sequence[float]) -> dict[str, float]:
    """Median and maximum."""
    return {"median": round(median(seconds), 3), "most": round(max(seconds), 3)}
