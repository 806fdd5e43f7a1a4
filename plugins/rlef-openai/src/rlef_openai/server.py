"""Ask a server for completions: so many at once, so many a minute, again where it refused for now."""

import asyncio
from collections.abc import Mapping
from typing import Any

from openai import AsyncOpenAI, DefaultAsyncHttpx2Client, NotFoundError, OpenAIError, Timeout
from openai.types.chat import ChatCompletion

from rlef_core import PolicyFault
from rlef_openai.config import OpenaiConfig
from rlef_openai.faults import explained, is_full

_CONNECT_SECONDS = 10.0
_LIST_SECONDS = 10.0


class Server:
    """One server's chat completions. Retries with their waits are the client's."""

    def __init__(self, config: OpenaiConfig, api_key: str | None) -> None:
        self._config = config
        self._gate = asyncio.Semaphore(config.requests_at_once)
        hooks = {"request": [Pace(60 / config.requests_per_minute)]} if config.requests_per_minute else {}
        self._client = AsyncOpenAI(
            base_url=config.base_url,
            api_key=api_key or "none",  # the client wants one, and would take another server's from the environment
            timeout=Timeout(config.timeout, connect=min(_CONNECT_SECONDS, config.timeout)),
            max_retries=config.retries,
            http_client=DefaultAsyncHttpx2Client(event_hooks=hooks),
        )

    async def complete(self, body: Mapping[str, Any]) -> ChatCompletion | None:
        """The completion that `body` asks for; None where its prompt fills the model's context.

        Raises UsageError for what no other request would escape, PolicyFault for what another might.
        """
        async with self._gate:
            try:
                return await self._within_context(dict(body))
            except (OpenAIError, ValueError) as error:  # the latter: no JSON, though the server calls it that
                served = await self._served() if isinstance(error, NotFoundError) else None
                raise explained(error, self._config, served) from error

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def _within_context(self, body: dict[str, Any]) -> ChatCompletion | None:
        # Some servers refuse a prompt that fits when the longest answer would not: without that bound the context is one.
        for limit in (body.pop(self._config.limit_field), None):
            try:
                return await self._post(body if limit is None else body | {self._config.limit_field: limit})
            except OpenAIError as error:
                if not is_full(error):
                    raise
        return None

    async def _post(self, body: Mapping[str, Any]) -> ChatCompletion:
        answer: object = await self._client.post("/chat/completions", cast_to=ChatCompletion, body=body)
        if not isinstance(answer, ChatCompletion):
            raise PolicyFault(f"policy.base_url {self._config.base_url!r} answered with no JSON: is it the address of an API?")
        return answer

    async def _served(self) -> list[str] | None:
        try:
            listing = await self._client.with_options(max_retries=0, timeout=_LIST_SECONDS).models.list()
            return [model.id for model in listing.data]
        except (OpenAIError, AttributeError, TypeError):  # a page that is no list is read as one all the same
            return None


class Pace:
    """Lets whoever calls it go on so many seconds after the one before, at the earliest."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._next = 0.0

    async def __call__(self, _: object) -> None:
        """Wait for one's turn."""
        now = asyncio.get_running_loop().time()
        turn = max(now, self._next)
        self._next = turn + self._seconds
        await asyncio.sleep(turn - now)
