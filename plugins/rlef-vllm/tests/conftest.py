"""One engine on a tiny random model for all tests: it takes half a minute to start."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM, PreTrainedModel

from rlef_core import Action, EpisodeId, Message, ModelSpec, Probe, Sampling, Weights
from rlef_core.testing import BuildContext
from rlef_models.testing import llama_config, write_model
from rlef_models.transfer import Parameters, Publisher
from rlef_vllm.config import VllmConfig
from rlef_vllm.environment import environment
from rlef_vllm.plugin import build_vllm
from rlef_vllm.policy import VllmPolicy

LLAMA = llama_config(width=64, heads=2, key_value_heads=1)
LONGEST = 256
SMALL = VllmConfig(eager=True, kv_cache_bytes=64_000_000, request_timeout=120)


async def play_one(policy: VllmPolicy, number: int = 0, turns: int = 1, max_tokens: int = 16) -> list[Action]:
    """One conversation."""
    async with policy.open(EpisodeId("train", 0, "task", number)) as conversation:
        return [
            await conversation.act([Message("user", f"print {number} and {turn}")], Sampling(max_tokens=max_tokens, seed=number))
            for turn in range(turns)
        ]


class Trainer:
    """Weights by version, as an optimizer would publish them, and what transformers computes with them."""

    def __init__(self, folder: Path, directory: Path) -> None:
        self._folder = folder
        self._directory = directory

    @cache  # noqa: B019  # there is one trainer, for the whole session
    def model(self, version: int) -> PreTrainedModel:
        """The model of a version: version 0 is the folder's, any other is drawn anew."""
        if version == 0:
            return AutoModelForCausalLM.from_pretrained(self._folder).eval()
        torch.manual_seed(version)
        return AutoModelForCausalLM.from_config(LLAMA).eval()

    @torch.no_grad()
    def logprobs(self, version: int, prompt: Sequence[int], ids: Sequence[int], temperature: float) -> list[float]:
        """The log-probs of `ids` after `prompt`."""
        logits = self.model(version)(torch.tensor([[*prompt, *ids]])).logits[0, len(prompt) - 1 : -1]
        found: list[float] = (logits / temperature).log_softmax(-1).gather(1, torch.tensor(ids)[:, None])[:, 0].tolist()
        return found

    @cache  # noqa: B019  # there is one trainer, for the whole session
    def probe(self, version: int) -> Probe:
        """What the version computes for a fixed sequence."""
        ids = torch.randint(0, LLAMA.vocab_size, (64,), generator=torch.Generator().manual_seed(0)).tolist()
        return Probe(tuple(ids), tuple(self.logprobs(version, ids[:1], ids[1:], 1.0)))

    @asynccontextmanager
    async def publish(self, version: int, scheme: str = "shm", of: int | None = None) -> AsyncIterator[Weights]:
        """A publication of the version; with `of`, its tensors are those of another."""
        publisher = Publisher(self._directory / f"{version}-by-{scheme}", "cpu", timeout=60)
        parameters = Parameters.of(dict(self.model(version if of is None else of).named_parameters()))
        try:
            async with publisher.publish(scheme, version, parameters, self.probe(version)) as weights:
                yield weights
        finally:
            await publisher.close()

    @cache  # noqa: B019  # there is one trainer, for the whole session
    def published(self, version: int) -> Weights:
        """A publication in a file that stays."""
        publisher = Publisher(self._directory / f"{version}", "cpu")
        parameters = Parameters.of(dict(self.model(version).named_parameters()))

        async def publish() -> Weights:
            async with publisher.publish("file", version, parameters, self.probe(version)) as weights:
                return weights

        with ThreadPoolExecutor(1) as thread:  # there may be an event loop in this one
            return thread.submit(asyncio.run, publish()).result()


@pytest.fixture
def play() -> Callable[..., Any]:
    return play_one


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The one engine does not outlive the tests that kill it."""
    items.sort(key=lambda item: item.path.name == "test_killed.py")


@pytest.fixture(scope="session")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny model with tied embeddings, whose logits spread."""
    return write_model(tmp_path_factory.mktemp("llama"), LLAMA)


@pytest.fixture(scope="session")
def run(llama: Path, tmp_path_factory: pytest.TempPathFactory) -> BuildContext:
    """The context that the engine is started in."""
    return BuildContext(tmp_path_factory.mktemp("run"), ModelSpec(str(llama), max_length=LONGEST))


@pytest.fixture(scope="session")
def trainer(llama: Path, tmp_path_factory: pytest.TempPathFactory) -> Trainer:
    return Trainer(llama, tmp_path_factory.mktemp("published"))


@pytest.fixture(scope="session")
def policy(run: BuildContext) -> Iterator[VllmPolicy]:
    """The policy on the one engine."""
    with environment({"ONEDNN_PRIMITIVE_CACHE_CAPACITY": "64"}):  # full soon: a cache that fills is no leak
        built = build_vllm(SMALL, run)
    assert isinstance(built, VllmPolicy)
    yield built
    built.engine.end()


@pytest.fixture
def lend(policy: VllmPolicy) -> Callable[[], VllmPolicy]:
    """Builds policies that share the one engine, which their `close` leaves alone."""
    return lambda: Lent(policy.engine, policy.tokenizer, policy.longest, policy.context, policy._roster)


class Lent(VllmPolicy):
    """A policy whose engine is another's."""

    async def close(self) -> None: ...
