"""Builders that the core's tests share."""

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from rlef_core.registry import Registry
from rlef_core.spec import Plan, parse_spec, registry_for, resolve

PLUGINS = Path(__file__).parent / "plugins"

SPEC = """\
name: playground
run: {{directory: {directory}, seed: 3}}
plugins: {{load: [playground]}}
tasks: {{train: {{use: adding}}}}
policy:
  use: scripted
  answers: ["no code here", "```python\\nprint(int(input()) + 3)\\n```", "```python\\nprint(int(input()) + 4)\\n```"]
executor: {{use: unsafe-subprocess}}
feedback: {{use: failing-cases}}
rewards: [{{use: rlef}}]
rollout: {{concurrency: 8}}
optimizer: {{use: noting}}
training: {{updates: 6, episodes_per_collection: 8, sequences_per_update: 4, checkpoint_every: 2}}
"""


@pytest.fixture
def spec_text(tmp_path: Path) -> str:
    """A spec of the playground plugin whose run writes below the test's folder."""
    return SPEC.format(directory=tmp_path / "run")


@pytest.fixture
def plan_of(spec_text: str, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[Plan, Registry]]:
    """Resolve the playground's spec with overrides."""
    monkeypatch.syspath_prepend(str(PLUGINS))

    def plan(*overrides: str) -> tuple[Plan, Registry]:
        spec = parse_spec(spec_text, "playground.yaml", overrides)
        registry = registry_for(spec)
        return resolve(spec, registry), registry

    return plan


@pytest.fixture
def command(tmp_path: Path, spec_text: str) -> Callable[..., list[str]]:
    """The argv of an rlef-core command, and the playground's spec written down as `playground.yaml`."""
    (tmp_path / "playground.yaml").write_text(spec_text)

    def argv(*words: str) -> list[str]:
        return [sys.executable, "-m", "rlef_core", *words]

    return argv


@pytest.fixture
def environment() -> Mapping[str, Any]:
    """An environment in which the playground can be imported."""

    return {**os.environ, "PYTHONPATH": f"{PLUGINS}:{os.environ.get('PYTHONPATH', '')}"}
