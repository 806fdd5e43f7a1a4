"""The baseline answers as a plain script would: together, anew each turn, as many ids as are asked for."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM

from rlef_core import Action, EpisodeId, Finish, Message, Sampling
from rlef_torch.benchmarks import POLICIES
from rlef_torch.plain_generate import PlainGenerate

EPISODE = EpisodeId("train", 0, "task", 0)
HELLO = [Message("user", "print the answer of the problem")]
AGAIN = [Message("user", "no, try again")]


@asynccontextmanager
async def plain(context: Any) -> AsyncIterator[PlainGenerate]:
    (component,) = POLICIES.baselines
    policy = component.build(component.config(), context)
    assert isinstance(policy, PlainGenerate)
    try:
        yield policy
    finally:
        await policy.close()


async def play(policy: PlainGenerate, opening: list[Message], sampling: Sampling, turns: int = 2) -> list[Action]:
    async with policy.open(EPISODE) as conversation:
        return [await conversation.act(AGAIN if turn else opening, sampling) for turn in range(turns)]


async def test_greedy_answers_of_padded_rows_are_the_likeliest_tokens(context: Any) -> None:
    model = AutoModelForCausalLM.from_pretrained(context.model.path)
    openings = [HELLO, [Message("user", "print " + "x" * 19)]]
    async with plain(context) as policy:
        episodes = await asyncio.gather(*(play(policy, opening, Sampling(temperature=0.0, max_tokens=8)) for opening in openings))
    for action in (action for episode in episodes for action in episode):
        with torch.no_grad():
            logits = model(torch.tensor([action.prompt_ids + action.ids])).logits[0, len(action.prompt_ids) - 1 : -1]
        assert logits.argmax(-1).tolist() == list(action.ids)
        assert len(action.logprobs) == len(action.ids)
        assert action.finish is (Finish.STOP if action.ids[-1] in policy.tokenizer.end_of_turn else Finish.LENGTH)


async def test_those_who_wait_together_are_answered_by_one_call(context: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    async with plain(context) as policy:
        calls: list[int] = []
        real = policy._generate
        monkeypatch.setattr(policy, "_generate", lambda prompts, sampling: (calls.append(len(prompts)), real(prompts, sampling))[1])
        await asyncio.gather(*(play(policy, HELLO, Sampling(max_tokens=6, seed=n, ignore_end=True)) for n in range(9)))
    assert calls == [9, 9]


async def test_answers_of_an_exact_length_go_on_past_the_end_of_a_turn(context: Any) -> None:
    async with plain(context) as policy:
        policy.tokenizer.end_of_turn = frozenset(range(150))  # half the vocabulary
        sampling = Sampling(max_tokens=20, ignore_end=True)
        episodes = await asyncio.gather(*(play(policy, HELLO, sampling, turns=1) for _ in range(4)))
        cut = await play(policy, HELLO, Sampling(max_tokens=200), turns=1)
    assert [len(action.ids) for episode in episodes for action in episode] == [20] * 4
    assert cut[0].finish is Finish.STOP
    assert len(cut[0].ids) < 100


async def test_the_room_of_the_context_is_kept(with_model: Any, context: Any) -> None:
    async with plain(with_model(context.model.path, max_length=60)) as policy:
        first, second = await play(policy, HELLO, Sampling(max_tokens=500, ignore_end=True))
    assert first.finish is Finish.CONTEXT
    assert len(first.prompt_ids + first.ids) == 60
    assert (second.finish, second.ids) == (Finish.CONTEXT, ())


async def test_a_fault_is_told_to_all_who_asked(context: Any) -> None:
    async with plain(context) as policy:
        policy._model.get_input_embeddings().register_forward_hook(raise_a_fault)
        results = await asyncio.gather(*(play(policy, HELLO, Sampling(max_tokens=4)) for _ in range(3)), return_exceptions=True)
    assert [str(result) for result in results] == ["no memory"] * 3


def raise_a_fault(*_: Any) -> None:
    raise RuntimeError("no memory")
