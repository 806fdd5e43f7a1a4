"""A server whose every answer a test writes, and the policy in front of it."""

import asyncio
import importlib.util
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any, TypeAlias

import pytest
from attrs import define, field, frozen

from rlef_core import Policy
from rlef_openai.config import OpenaiConfig
from rlef_openai.policy import OpenaiPolicy
from rlef_openai.server import Server

# These play against vLLM's own server, so they need an environment that has vLLM; `make test` has one for them.
collect_ignore = [] if importlib.util.find_spec("vllm") else ["test_vllm_server.py"]


@frozen
class Reply:
    """One HTTP answer; a `status` of 0 breaks the connection off, and without `body` there is never an answer."""

    body: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(factory=dict)


@frozen
class Heard:
    """One request, when it came, in seconds of the loop's clock."""

    path: str
    headers: Mapping[str, str]
    body: Any
    at: float


Answering: TypeAlias = Callable[[Heard], Reply]


def completion(text: str = "hello", prompt: int = 10, answer: int = 3, finish: str = "stop", **more: Any) -> Reply:
    """A chat completion of so many tokens."""
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": finish, **more.pop("choice", {})}
    usage = {"prompt_tokens": prompt, "completion_tokens": answer, "total_tokens": prompt + answer}
    return Reply({"id": "1", "object": "chat.completion", "created": 0, "model": "m", "choices": [choice], "usage": usage, **more})


def refusal(status: int, message: str, headers: Mapping[str, str] | None = None, **more: Any) -> Reply:
    """An error as OpenAI's API words it."""
    return Reply({"error": {"message": message, "type": "error", "param": None, "code": None, **more}}, status, headers or {})


@define
class WrittenServer:
    """Answers each request as `answering` says, which a test may change at any time; notes what it heard and who went away."""

    answering: Answering
    heard: list[Heard] = field(factory=list)
    at_once: int = 0
    most_at_once: int = 0
    gone: int = 0
    url: str = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._one(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().strip().split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        self.heard.append(Heard(head.split()[1], headers, json.loads(body or b"null"), asyncio.get_running_loop().time()))
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            return await self._answer(self.answering(self.heard[-1]), reader, writer)
        finally:
            self.at_once -= 1

    async def _answer(self, reply: Reply, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        if reply.status == 0:
            return False
        if reply.body is None:
            await reader.read(1)  # returns when the client goes away: it has nothing more to say
            self.gone += 1
            return False
        text = reply.body if isinstance(reply.body, str) else json.dumps(reply.body)
        kind = "text/html" if isinstance(reply.body, str) else "application/json"
        headers = {"content-type": kind, "content-length": str(len(text.encode())), **reply.headers}
        await asyncio.sleep(0.01)
        lines = [f"HTTP/1.1 {reply.status} Written", *(f"{name}: {value}" for name, value in headers.items()), "", text]
        writer.write("\r\n".join(lines).encode())
        await writer.drain()
        return True


@pytest.fixture
def replies() -> Any:
    """The words of a server: `completion`, `refusal`, `Reply`."""
    return SimpleNamespace(completion=completion, refusal=refusal, Reply=Reply)


@pytest.fixture
async def server() -> AsyncIterator[WrittenServer]:
    written = WrittenServer(lambda heard: completion())
    listening = await asyncio.start_server(written.serve, "127.0.0.1", 0)
    written.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/v1"
    yield written
    listening.close()


@pytest.fixture
def policy_of() -> Callable[..., Any]:
    """A policy in front of a server, with the settings that a test gives."""

    @asynccontextmanager
    async def opened(url: str, key: str | None = None, **settings: Any) -> AsyncIterator[Policy]:
        config = OpenaiConfig(**{"base_url": url, "model": "m", "retries": 0, **settings})
        policy = OpenaiPolicy(Server(config, key), config)
        try:
            yield policy
        finally:
            await policy.close()

    return opened
