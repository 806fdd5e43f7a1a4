"""The policy `openai`: a conversation is a growing list of messages, sent whole each turn."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from rlef_core import Action, Conversation, EpisodeId, Message, Policy, Sampling, Weights
from rlef_openai.answer import action_of, no_room
from rlef_openai.config import OpenaiConfig
from rlef_openai.request import Said, request, said
from rlef_openai.server import Server


class OpenaiPolicy(Policy):
    """A model that a server answers for. A load moves the version alone: the server's weights are what they are."""

    def __init__(self, server: Server, config: OpenaiConfig) -> None:
        self.server = server
        self.config = config
        self.version = 0

    @asynccontextmanager
    async def open(self, episode: EpisodeId) -> AsyncIterator[Conversation]:
        yield ServedConversation(self)

    async def load(self, weights: Weights) -> None:
        self.version = weights.version

    async def suspend(self) -> None: ...

    async def resume(self) -> None: ...

    async def close(self) -> None:
        await self.server.close()


class ServedConversation(Conversation):
    """What was said so far, and its ids."""

    def __init__(self, policy: OpenaiPolicy) -> None:
        self._policy = policy
        self._said: list[Said] = []
        self._ids: tuple[int, ...] = ()

    async def act(self, messages: Sequence[Message], sampling: Sampling) -> Action:
        config = self._policy.config
        heard = [*self._said, *(said(message, config.characters_per_token) for message in messages)]
        completion = await self._policy.server.complete(request(config, heard, sampling))
        if completion is None:
            return no_room(self._ids)
        action = action_of(completion, self._ids, sampling.max_tokens, self._policy.version)
        # Only now: a request that was lost may be asked again with the same messages.
        self._said = [*heard, {"role": "assistant", "content": action.text}]
        self._ids = action.prompt_ids + action.ids
        return action
