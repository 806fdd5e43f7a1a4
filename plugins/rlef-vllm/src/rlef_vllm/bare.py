"""Answer with vLLM's AsyncLLM and nothing around it: what policy `vllm` is measured beside."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from uuid import uuid4

import psutil
from attrs import evolve
from vllm import SamplingParams
from vllm.outputs import CompletionOutput
from vllm.v1.engine.async_llm import AsyncLLM

from rlef_core import Action, Context, EpisodeId, Finish, Message, Sampling, Transcript, VersionSpan, Weights
from rlef_models.model import chat_tokenizer
from rlef_models.tokenizer import HfTokenizer
from rlef_vllm.config import VllmConfig
from rlef_vllm.engine import shut
from rlef_vllm.policy import launches, sampling_params
from rlef_vllm.starting import processes


class BareAsyncLLM:
    """A policy as a first script has it: AsyncLLM in the caller's event loop, started with the arguments of policy `vllm`.

    A lost request raises what vLLM raises, an engine that died stays dead, and new weights have no effect.
    """

    def __init__(self, llm: AsyncLLM, tokenizer: HfTokenizer, longest: int) -> None:
        self.tokenizer = tokenizer
        self.longest = longest
        self._llm = llm
        self._processes: list[psutil.Process] = processes(llm)

    @classmethod
    def build(cls, config: VllmConfig, context: Context) -> "BareAsyncLLM":
        """Start the engine. Raises ModelError, ChatTemplateError or EngineError when it cannot be used."""
        (launch,) = launches(config, context)
        assert context.model is not None  # there would be nothing to launch
        tokenizer = chat_tokenizer(launch.path, context.model)
        return cls(evolve(launch, log=launch.log.with_name("bare.log")).start(), tokenizer, launch.longest)

    @asynccontextmanager
    async def open(self, episode: EpisodeId) -> AsyncIterator["BareConversation"]:
        yield BareConversation(self)

    async def answer(self, prompt: list[int], params: SamplingParams) -> CompletionOutput:
        """What is sampled after `prompt`."""
        outputs = [output async for output in self._llm.generate({"prompt_token_ids": prompt}, params, uuid4().hex)]
        return outputs[-1].outputs[0]

    async def load(self, weights: Weights) -> None:
        """Nothing: it is measured with the weights it was built with."""

    async def suspend(self) -> None: ...

    async def resume(self) -> None: ...

    async def close(self) -> None:
        await asyncio.to_thread(shut, self._llm, self._processes)


class BareConversation:
    """One episode's side of it: its ids so far."""

    def __init__(self, policy: BareAsyncLLM) -> None:
        self._policy = policy
        self._transcript = Transcript(policy.tokenizer)

    async def act(self, messages: Sequence[Message], sampling: Sampling) -> Action:
        self._transcript.observe(tuple(messages))
        prompt = list(self._transcript.ids)
        room = self._policy.longest - len(prompt)
        if room <= 0:
            return Action("", tuple(prompt), (), (), (), Finish.CONTEXT)
        tokenizer = self._policy.tokenizer
        answer = await self._policy.answer(prompt, sampling_params(sampling, min(sampling.max_tokens, room), tokenizer.end_of_turn))
        ids = tuple(answer.token_ids)
        self._transcript.answer(ids)
        finish = Finish.STOP if answer.finish_reason == "stop" else Finish.LENGTH if len(ids) == sampling.max_tokens else Finish.CONTEXT
        assert answer.logprobs is not None  # they were asked for
        logprobs = tuple(answer.logprobs.logprobs)  # type: ignore[union-attr]  # flat_logprobs was asked for: one entry a token
        return Action(tokenizer.decode(ids), tuple(prompt), ids, logprobs, (VersionSpan(0, 0),), finish)
