"""The policy `transformers`: any causal language model, sampled in this process."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Any

import numpy as np
import torch

from rlef_core import Action, BatchRequest, Context, EpisodeId, Finish, Message, PolicyFault, Sampling, Transcript, VersionSpan, Weights
from rlef_models.tokenizer import HfTokenizer
from rlef_torch.attention import use_decoding_attention
from rlef_torch.cache import KeptCaches
from rlef_torch.config import TransformersConfig
from rlef_torch.decode import Decoder
from rlef_torch.engine import Engine
from rlef_torch.model import open_chat_model
from rlef_torch.recompute import RecomputingDecoder
from rlef_torch.request import Request
from rlef_torch.weights import fill


class TransformersPolicy:
    """Samples from a model; every method returns to the event loop while the engine's thread works."""

    def __init__(self, decoder: Decoder, tokenizer: HfTokenizer, longest: int, config: TransformersConfig, context: Context) -> None:
        self.tokenizer = tokenizer
        self.longest = longest
        self.context = context
        self.model = decoder.model
        self._decoder = decoder
        self._device = decoder.model.device
        self._requests = 0
        self.engine = Engine(decoder, batch_size=config.batch_size, join_every=config.join_every, context=context)

    @classmethod
    def build(cls, config: TransformersConfig, context: Context) -> "TransformersPolicy":
        """Load the model of the context. Raises ModelError or ChatTemplateError when it cannot be used."""
        model, tokenizer, longest = open_chat_model(context)
        use_decoding_attention(model)
        kind = RecomputingDecoder if model._is_stateful else Decoder
        decoder = kind(model, KeptCaches(config.cache_bytes), config.prefill_tokens)
        return cls(decoder, tokenizer, longest, config, context)

    def open(self, episode: EpisodeId) -> AbstractAsyncContextManager["TransformersConversation"]:
        return self._open()

    async def act_together(self, requests: Sequence[BatchRequest]) -> Sequence[Action]:
        """Answer the requests in order, as one batch of their own: the same ones after the same load get the same bits on a CPU.

        The same load, that is, with the same calls of this method between, since KV caches are kept from one to the next.
        """
        conversations = [self._own(request) for request in requests]
        asked = [each.ask(request.messages, request.sampling) for each, request in zip(conversations, requests, strict=True)]
        for place, request in enumerate(asked):
            request.random = self._random_of(place, request)
        try:
            await asyncio.wrap_future(self.engine.answer_together([request for request in asked if not request.finish]))
        finally:
            for request in asked:
                request.aborted = True
        return [each.conclude(request) for each, request in zip(conversations, asked, strict=True)]

    async def load(self, weights: Weights) -> None:
        if weights.scheme not in ("memory", "unchanged"):
            raise ValueError(f"weights of scheme {weights.scheme!r}, expected 'memory' or 'unchanged'")
        await self._between_batches(lambda: self._take(weights))

    async def suspend(self) -> None:
        self.engine.paused = True
        await self._between_batches(lambda: self._move(torch.device("cpu")))

    async def resume(self) -> None:
        await self._between_batches(lambda: self._move(self._device))
        self.engine.paused = False
        await self._between_batches(lambda: None)  # wakes the engine for what waits

    async def close(self) -> None:
        await asyncio.to_thread(self.engine.close)

    def random(self, seed: int | None) -> np.random.Generator:
        """The random numbers of one request: those of its seed, else the next of the run's."""
        self._requests += 1
        return np.random.default_rng(self.context.seed("request", self._requests) if seed is None else seed)

    def _random_of(self, place: int, request: Request) -> np.random.Generator:
        # the run's next numbers would depend on who has asked before
        if request.sampling.seed is not None:
            return np.random.default_rng(request.sampling.seed)
        return np.random.default_rng(self.context.seed("together", self._decoder.version, place, *request.prompt))

    def _own(self, request: BatchRequest) -> "TransformersConversation":
        if not isinstance(request.conversation, TransformersConversation):
            raise TypeError(f"a request is of {request.conversation!r}, expected a conversation that this policy opened")
        return request.conversation

    @asynccontextmanager
    async def _open(self) -> AsyncIterator["TransformersConversation"]:
        conversation = TransformersConversation(self)
        try:
            yield conversation
        finally:
            self.engine.forget(conversation)

    def _take(self, weights: Weights) -> None:
        if weights.payload is not None:
            try:
                fill(self.model, weights.payload)
            except ValueError as error:
                raise PolicyFault(f"published weights do not fit the policy's model: {error}; give both the same model.path") from error
            self._decoder.clear()
        self._decoder.version = weights.version

    def _move(self, device: torch.device) -> None:
        self._decoder.clear()
        self.model.to(device)
        if self._device.type == "cuda":
            torch.cuda.empty_cache()

    async def _between_batches(self, task: Any) -> None:
        await asyncio.wrap_future(self.engine.between_batches(task))


class TransformersConversation:
    """One episode's side of the policy: its ids so far, and the name of its KV cache."""

    def __init__(self, policy: TransformersPolicy) -> None:
        self._policy = policy
        self._transcript = Transcript(policy.tokenizer)

    async def act(self, messages: Sequence[Message], sampling: Sampling) -> Action:
        request = self.ask(messages, sampling)
        request.random = self._policy.random(sampling.seed)
        if not request.finish:
            await self._answer(request)
        return self.conclude(request)

    def ask(self, messages: Sequence[Message], sampling: Sampling) -> Request:
        """Return the request for an answer to `messages`; it has ended already where the context leaves no room."""
        self._transcript.observe_once(messages)
        room = max(0, self._policy.longest - len(self._transcript.ids))
        return Request(
            conversation=self,
            prompt=list(self._transcript.ids),
            sampling=sampling,
            ends=self._policy.tokenizer.end_of_turn,
            limit=min(sampling.max_tokens, room),
            full=room < sampling.max_tokens,
            finish=None if room else Finish.CONTEXT,
        )

    def conclude(self, request: Request) -> Action:
        """Take the answer of a request that has ended."""
        for name, value in request.figures.items():
            self._policy.context.metrics.add(name, value)
        assert request.finish is not None  # a settled request has ended
        text, spans = self._policy.tokenizer.decode(request.ids), (VersionSpan(0, request.version),) if request.ids else ()
        action = Action(text, tuple(request.prompt), tuple(request.ids), tuple(request.logprobs), spans, request.finish)
        if request.ids:
            self._transcript.answer(request.ids)
        return action

    async def _answer(self, request: Request) -> None:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        request.settle = lambda request, fault: _tell(loop, future, fault)
        try:
            self._policy.engine.submit(request)
            await future
        finally:
            request.aborted = True


def _tell(loop: asyncio.AbstractEventLoop, future: "asyncio.Future[None]", fault: Exception | None) -> None:
    def settle() -> None:
        if future.done():  # the caller has gone
            return
        if fault is None:
            future.set_result(None)
        else:
            future.set_exception(fault)

    with suppress(RuntimeError):  # a closed loop has no callers left
        loop.call_soon_threadsafe(settle)
