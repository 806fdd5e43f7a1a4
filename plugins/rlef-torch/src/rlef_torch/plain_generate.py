"""Answer with plain `model.generate`, every conversation computed anew each turn: what policy `transformers` is measured beside."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any

import torch
from attrs import evolve, frozen
from transformers import GenerationConfig, PreTrainedModel

from rlef_core import Action, Context, EpisodeId, Finish, Message, Sampling, Transcript, VersionSpan, Weights
from rlef_models.tokenizer import HfTokenizer
from rlef_torch.model import open_chat_model

GATHERING_SECONDS = 0.002
"""How long a first request waits for company: callers of one event loop come within a millisecond or two."""


@frozen(eq=False)
class _Asked:
    prompt: list[int]
    sampling: Sampling
    answer: "asyncio.Future[list[int]]"


class PlainGenerate:
    """A policy as a first script has it: who waits together is answered by one call of `generate`, padded on the left.

    It gives no log-probs (they are 0.0 each), as `generate` computes none unless asked, and neither seeds nor new weights have an effect.
    """

    def __init__(self, model: PreTrainedModel, tokenizer: HfTokenizer, longest: int, threads: int) -> None:
        self.tokenizer = tokenizer
        self.longest = longest
        self._model = model
        model.generation_config = GenerationConfig()  # one that asks for more than the request does would be no plain one
        self._waiting: list[_Asked] = []
        self._serving: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(1, "plain generate", lambda: torch.set_num_threads(threads))

    @classmethod
    def build(cls, context: Context) -> "PlainGenerate":
        """Load the model of the context. Raises ModelError or ChatTemplateError when it cannot be used."""
        return cls(*open_chat_model(context), context.threads)

    @asynccontextmanager
    async def open(self, episode: EpisodeId) -> AsyncIterator["PlainConversation"]:
        yield PlainConversation(self)

    async def answer(self, prompt: list[int], sampling: Sampling) -> list[int]:
        """Return the ids sampled after `prompt`, by one call for all that are asked for within a millisecond or two."""
        asked = _Asked(prompt, evolve(sampling, seed=None), asyncio.get_running_loop().create_future())
        self._waiting.append(asked)
        if self._serving is None or self._serving.done():
            self._serving = asyncio.create_task(self._serve())
        return await asked.answer

    async def load(self, weights: Weights) -> None:
        """Nothing: it is measured with the weights it was built with."""

    async def suspend(self) -> None: ...

    async def resume(self) -> None: ...

    async def close(self) -> None:
        await asyncio.to_thread(self._thread.shutdown)

    async def _serve(self) -> None:
        while self._waiting:
            await asyncio.sleep(GATHERING_SECONDS)
            groups: dict[Sampling, list[_Asked]] = defaultdict(list)
            for asked in self._waiting:
                groups[asked.sampling].append(asked)
            self._waiting = []
            for sampling, group in groups.items():
                await self._settle(group, sampling)

    async def _settle(self, group: list[_Asked], sampling: Sampling) -> None:
        loop = asyncio.get_running_loop()
        try:
            answers = await loop.run_in_executor(self._thread, self._generate, [asked.prompt for asked in group], sampling)
        except Exception as error:  # whatever it is, it is the callers'
            answers = [error] * len(group)
        for asked, answer in zip(group, answers, strict=True):
            if asked.answer.done():  # the caller has gone
                continue
            if isinstance(answer, Exception):
                asked.answer.set_exception(answer)
            else:
                asked.answer.set_result(answer)

    def _generate(self, prompts: list[list[int]], sampling: Sampling) -> list[Any]:
        longest = max(map(len, prompts))
        ids = torch.zeros(len(prompts), longest, dtype=torch.long)
        mask = torch.zeros_like(ids)
        for row, prompt in enumerate(prompts):
            ids[row, longest - len(prompt) :] = torch.tensor(prompt)
            mask[row, longest - len(prompt) :] = 1
        device = self._model.device
        whole = self._model.generate(input_ids=ids.to(device), attention_mask=mask.to(device), **self._settings(sampling, longest))
        return [self._cut(answer, sampling) for answer in whole[:, longest:].tolist()]

    def _settings(self, sampling: Sampling, longest: int) -> dict[str, Any]:
        ends = None if sampling.ignore_end else sorted(self.tokenizer.end_of_turn)
        settings = {"max_new_tokens": min(sampling.max_tokens, self.longest - longest), "eos_token_id": ends, "pad_token_id": 0}
        if sampling.temperature == 0:
            return settings | {"do_sample": False}
        return settings | {"do_sample": True, "temperature": sampling.temperature, "top_p": sampling.top_p, "top_k": 0}

    def _cut(self, ids: list[int], sampling: Sampling) -> list[int]:
        # those that ended first are padded to the last
        ends = [] if sampling.ignore_end else [place for place, id in enumerate(ids) if id in self.tokenizer.end_of_turn]
        return ids[: ends[0] + 1] if ends else ids


class PlainConversation:
    """One episode's side of it: its ids so far."""

    def __init__(self, policy: PlainGenerate) -> None:
        self._policy = policy
        self._transcript = Transcript(policy.tokenizer)

    async def act(self, messages: Sequence[Message], sampling: Sampling) -> Action:
        self._transcript.observe(tuple(messages))
        prompt = list(self._transcript.ids)
        room = self._policy.longest - len(prompt)
        ids = await self._policy.answer(prompt, sampling) if room > 0 else []
        self._transcript.answer(ids)
        spans = (VersionSpan(0, 0),) if ids else ()
        return Action(self._policy.tokenizer.decode(ids), tuple(prompt), tuple(ids), (0.0,) * len(ids), spans, self._finish(ids, sampling))

    def _finish(self, ids: list[int], sampling: Sampling) -> Finish:
        if ids and ids[-1] in self._policy.tokenizer.end_of_turn and not sampling.ignore_end:
            return Finish.STOP
        return Finish.LENGTH if len(ids) == sampling.max_tokens else Finish.CONTEXT
