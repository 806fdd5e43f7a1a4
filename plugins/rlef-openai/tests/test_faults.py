"""What goes wrong between here and a server, and what is said of it."""

import asyncio
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from rlef_core import Conversation, EpisodeId, Message, PolicyFault, RlefError, Sampling, UsageError

EPISODE = EpisodeId("train", 0, "task", 0)
KEY = "sk-very-secret"


async def ask(conversation: Conversation) -> str:
    return (await conversation.act([Message("user", "who are you?")], Sampling())).text


async def fault_of(policy_of: Any, url: str, kind: type[RlefError], **settings: Any) -> str:
    async with policy_of(url, **settings) as policy, policy.open(EPISODE) as conversation:
        with pytest.raises(kind) as error:
            await ask(conversation)
    message = str(error.value)
    assert "\n" not in message
    assert KEY not in message
    return message


@pytest.fixture
def free_port() -> Iterator[int]:
    """A port that nobody listens on."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


@pytest.mark.parametrize("headers", [{"retry-after": "1"}, {"retry-after-ms": "1000"}], ids=["seconds", "milliseconds"])
@pytest.mark.parametrize("status", [429, 503])
async def test_a_server_that_refuses_for_now_is_asked_again_when_it_says(
    server: Any, policy_of: Any, replies: Any, status: int, headers: dict[str, str]
) -> None:
    server.answering = lambda heard: (
        replies.refusal(status, "slow down", headers) if len(server.heard) == 1 else replies.completion("at last")
    )
    async with policy_of(server.url, retries=1) as policy, policy.open(EPISODE) as conversation:
        assert await ask(conversation) == "at last"
    assert server.heard[1].at - server.heard[0].at >= 0.99


async def test_lost_connections_and_failures_are_tried_again(server: Any, policy_of: Any, replies: Any) -> None:
    answers = iter([replies.Reply(status=0), replies.refusal(500, "oh"), replies.completion("at last")])
    server.answering = lambda heard: next(answers)
    async with policy_of(server.url, retries=2) as policy, policy.open(EPISODE) as conversation:
        assert await ask(conversation) == "at last"


async def test_a_server_that_keeps_refusing_is_a_fault_that_names_what_to_lower(server: Any, policy_of: Any, replies: Any) -> None:
    server.answering = lambda heard: replies.refusal(429, "slow down", {"retry-after-ms": "1"})
    message = await fault_of(policy_of, server.url, PolicyFault, retries=2)
    assert len(server.heard) == 3
    assert "answered 429 (slow down), with policy.retries 2: lower policy.requests_at_once, set policy.requests_per_minute" in message


async def test_a_failing_server_is_a_fault(server: Any, policy_of: Any, replies: Any) -> None:
    server.answering = lambda heard: replies.refusal(500, "out of memory")
    assert "answered 500 (out of memory), with policy.retries 0:" in await fault_of(policy_of, server.url, PolicyFault)


async def test_a_hanging_server_is_a_fault_that_names_the_time_out(server: Any, policy_of: Any, replies: Any) -> None:
    server.answering = lambda heard: replies.Reply()
    message = await fault_of(policy_of, server.url, PolicyFault, timeout=0.2)
    assert message.startswith("no answer from policy.base_url 'http://127.0.0.1:")
    assert message.endswith("within policy.timeout 0.2 s (policy.retries 0): raise it")


async def test_an_answer_that_breaks_off_is_a_fault(server: Any, policy_of: Any, replies: Any) -> None:
    server.answering = lambda heard: replies.Reply(status=0)
    assert "cannot reach policy.base_url" in await fault_of(policy_of, server.url, PolicyFault)


async def test_a_refused_connection_is_a_fault_that_names_the_address(policy_of: Any, free_port: int) -> None:
    message = await fault_of(policy_of, f"http://127.0.0.1:{free_port}/v1", PolicyFault)
    assert f"cannot reach policy.base_url 'http://127.0.0.1:{free_port}/v1': " in message
    assert "is the server up" in message


async def test_a_wrong_key_ends_the_run_and_names_its_variable(server: Any, policy_of: Any, replies: Any) -> None:
    server.answering = lambda heard: replies.refusal(401, "Incorrect API key provided")
    message = await fault_of(policy_of, server.url, UsageError, key=KEY, api_key_env="MY_KEY")
    assert server.heard[0].headers["authorization"] == f"Bearer {KEY}"
    assert "401 (Incorrect API key provided): look at what environment variable 'MY_KEY' (policy.api_key_env) holds" in message
    message = await fault_of(policy_of, server.url, UsageError)
    assert "set policy.api_key_env to the environment variable that holds one" in message


async def test_a_key_of_another_server_is_not_sent(server: Any, policy_of: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    async with policy_of(server.url) as policy, policy.open(EPISODE) as conversation:
        await ask(conversation)
    assert KEY not in str(server.heard[0].headers)


async def test_an_unknown_model_ends_the_run_and_lists_those_that_are_served(server: Any, policy_of: Any, replies: Any) -> None:
    listing = {"object": "list", "data": [{"id": name, "object": "model", "created": 0, "owned_by": "me"} for name in ("llama", "qwen")]}
    server.answering = lambda heard: replies.Reply(listing) if heard.path == "/v1/models" else replies.refusal(404, "no such model")
    message = await fault_of(policy_of, server.url, UsageError, model="gemma")
    assert "policy.model is 'gemma', expected one that is served: 'llama', 'qwen'" in message


@pytest.mark.parametrize("page", [None, "<html>welcome</html>"], ids=["nothing", "a page"])
async def test_an_address_without_chat_completions_ends_the_run(server: Any, policy_of: Any, replies: Any, page: str | None) -> None:
    nothing = replies.refusal(404, "Not Found")
    server.answering = lambda heard: replies.Reply(page) if page and heard.path.endswith("/models") else nothing
    message = await fault_of(policy_of, server.url, UsageError)
    assert message.endswith("there are no chat completions at this address; does it lack '/v1'?")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("<html>welcome</html>", "answered with no JSON: is it the address of an API?"),
        ({"choices": []}, "has no `choices` or no `usage`"),
    ],
)
async def test_an_answer_that_is_none_is_a_fault(server: Any, policy_of: Any, replies: Any, body: Any, said: str) -> None:
    server.answering = lambda heard: replies.Reply(body)
    assert said in await fault_of(policy_of, server.url, PolicyFault)


async def test_broken_json_is_a_fault(server: Any, policy_of: Any, replies: Any) -> None:
    server.answering = lambda heard: replies.Reply("{", headers={"content-type": "application/json"})
    assert "gave an answer that is none: JSONDecodeError" in await fault_of(policy_of, server.url, PolicyFault)


async def test_another_refusal_is_a_fault_that_names_the_settings(server: Any, policy_of: Any, replies: Any) -> None:
    server.answering = lambda heard: replies.refusal(400, "Unsupported parameter: 'max_tokens'")
    message = await fault_of(policy_of, server.url, PolicyFault)
    assert "answered 400 (Unsupported parameter: 'max_tokens'): look at policy.model, limit_field, token_ids and extra" in message


async def test_faults_of_many_at_once_do_not_block_one_another(server: Any, policy_of: Any, replies: Any) -> None:
    server.answering = lambda heard: replies.refusal(500, "oh")

    async def episode(policy: Any) -> None:
        async with policy.open(EPISODE) as conversation:
            with pytest.raises(PolicyFault):
                await ask(conversation)

    async with policy_of(server.url, requests_at_once=2) as policy, asyncio.timeout(20):
        await asyncio.gather(*(episode(policy) for _ in range(10)))
    assert len(server.heard) == 10
