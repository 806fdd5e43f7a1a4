"""What `check` and a run say of the policy before a request is sent, and where the API key goes: into the request, nowhere else."""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

import rlef_core
from rlef_core import ModelSpec, SpecError, UsageError
from rlef_core.testing import PluginSuite
from rlef_openai import plugin
from rlef_openai.config import OpenaiConfig

pytestmark = pytest.mark.repository

KEY = "sk-very-secret"
SPEC = """\
name: served
run: {{directory: {directory}}}
tasks: {{evaluation: {{use: jsonl, path: {tasks}, split: train}}, train: {{use: jsonl, path: {tasks}}}}}
policy: {{use: openai, base_url: "{url}", model: m, api_key_env: MY_KEY}}
executor: {{use: unsafe-subprocess}}
feedback: {{use: failing-cases}}
rewards: [{{use: rlef}}]
optimizer: {{use: {optimizer}}}
training: {{updates: 1, episodes_per_collection: 1, sequences_per_update: 1}}
evaluation: {{episodes: 3}}
"""


class TestPlugin(PluginSuite):
    """It has no example: there is no server that everyone has."""

    has_examples = False

    @pytest.fixture
    def plugin(self) -> str:
        return "openai"


def spec_of(folder: Path, url: str = "http://127.0.0.1:9/v1", optimizer: str = "dry-run") -> Path:
    tasks = Path(__file__).parents[3] / "docs" / "specs" / "dry-run" / "tasks.jsonl"
    path = folder / "spec.yaml"
    path.write_text(SPEC.format(directory=folder / "run", tasks=tasks, url=url, optimizer=optimizer))
    return path


@pytest.mark.parametrize("optimizer", ["ppo", "sft"])
def test_check_refuses_an_optimizer_that_learns(tmp_path: Path, optimizer: str) -> None:
    with pytest.raises(SpecError) as error:
        rlef_core.check(spec_of(tmp_path, optimizer=optimizer))
    (fault,) = error.value.faults
    assert "but policy 'openai' cannot be trained, expected an optimizer that publishes by 'unchanged'" in fault.message
    assert fault.text.startswith("optimizer:")


def test_check_notes_a_key_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    note = "policy 'openai': environment variable 'MY_KEY' is not set here"
    monkeypatch.delenv("MY_KEY", raising=False)
    assert note in rlef_core.check(spec_of(tmp_path)).notes
    monkeypatch.setenv("MY_KEY", KEY)
    assert note not in rlef_core.check(spec_of(tmp_path)).notes


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"base_url": "127.0.0.1:8000"}, "expected an address such as"),
        ({"base_url": "http://me:secret@host/v1"}, "base_url holds a password, which plan.json would keep"),
        ({"api_key_env": "sk-very-secret"}, "api_key_env is no name of an environment variable"),
        ({"extra": {"seed": 1, "top_k": 2}}, r"extra holds \['seed'\], which the policy decides"),
        ({"limit_field": "most"}, "expected one of 'max_tokens', 'max_completion_tokens'"),
        ({"requests_at_once": 2000}, "requests_at_once is 2000, expected 1 to 1000"),
        ({"timeout": 0.0}, "expected a number above 0"),
    ],
)
def test_settings_that_cannot_be_are_refused_and_secrets_not_shown(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said) as error:
        OpenaiConfig(**{"base_url": "http://host/v1", "model": "m", **settings})
    assert "secret" not in str(error.value)


class Surroundings:
    """As much of a context as the policy looks at."""

    def __init__(self, model: ModelSpec | None) -> None:
        self.model = model


def test_a_missing_key_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", " ")
    surroundings: Any = Surroundings(None)
    with pytest.raises(UsageError, match=r"policy\.api_key_env names environment variable 'MY_KEY', which is not set or empty"):
        plugin.build(OpenaiConfig("http://host/v1", "m", api_key_env="MY_KEY"), surroundings)


def test_a_model_block_that_nobody_would_read_is_refused() -> None:
    surroundings: Any = Surroundings(ModelSpec("some/model"))
    with pytest.raises(UsageError, match=r"the spec's 'model' block \('some/model'\) has no effect"):
        plugin.build(OpenaiConfig("http://host/v1", "m"), surroundings)


async def run(spec: Path) -> tuple[int | None, str]:
    """What `rlef-core run` ends with, and what it says."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "rlef_core", "run", str(spec)),
        env=os.environ | {"MY_KEY": KEY},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    told = (await process.communicate())[0].decode()
    return process.returncode, told


async def test_a_run_measures_what_is_served_and_the_key_is_written_nowhere(server: Any, replies: Any, tmp_path: Path) -> None:
    server.answering = lambda heard: replies.completion("```python\nprint(int(input()) + 1)\n```")
    code, told = await run(spec_of(tmp_path, server.url))
    assert code == 0, told
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    assert summary["base"]["episodes"] == 3
    assert {heard.headers["authorization"] for heard in server.heard} == {f"Bearer {KEY}"}
    written = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert len(written) > 5
    assert not any(KEY.encode() in content for content in [*written, told.encode()])


async def test_a_wrong_key_stops_a_run_at_once(server: Any, replies: Any, tmp_path: Path) -> None:
    server.answering = lambda heard: replies.refusal(401, "Incorrect API key provided")
    code, told = await run(spec_of(tmp_path, server.url))
    assert code == rlef_core.ExitCode.SPEC
    assert "look at what environment variable 'MY_KEY' (policy.api_key_env) holds" in told
    assert KEY not in told
