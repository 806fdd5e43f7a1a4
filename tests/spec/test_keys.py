"""Every key of a spec can be set and arrives in the plan, and no key is forgotten here."""

from typing import Any, get_args, get_type_hints

import attrs
import pytest

from rlef_core.roles import Ref
from rlef_core.spec.blocks import SpecBlock, TasksRef, WeightedReward

VALUES: dict[str, Any] = {
    "name": "other",
    "run.directory": "runs/other",
    "run.seed": 3,
    "run.init_from": "runs/before",
    "model.path": "another",
    "model.dtype": "float32",
    "model.max_length": 600,
    "model.template": {"date_string": "today"},
    "model.seed": 4,
    "plugins.require": ["attrs>=20"],
    "plugins.load": ["json"],
    "plugins.block": ["nobody"],
    "devices.policy": [0, 1],
    "devices.optimizer": [2],
    "devices.colocate": True,
    "threads.policy": 1,
    "threads.optimizer": 2,
    "threads.executor": 3,
    "tasks.train": {"use": "sums", "split": "first"},
    "tasks.evaluation": {"use": "sums", "split": "last"},
    "policy": {"use": "talker"},
    "executor": {"use": "jail", "depth": 2},
    "feedback": {"use": "silent"},
    "rewards": [{"use": "short", "weight": 0.5}],
    "optimizer": {"use": "stepper", "rate": 0.25},
    "rollout.turn_limit": 5,
    "rollout.recorded": "runs/before",
    "rollout.episodes_per_task": 4,
    "rollout.concurrency": 2,
    "rollout.max_fault_share": 0.5,
    "rollout.retries": 0,
    "rollout.sampling.temperature": 0.5,
    "rollout.sampling.top_p": 0.5,
    "rollout.sampling.max_tokens": 100,
    "rollout.thoughts.open": "[",
    "rollout.thoughts.close": "]",
    "rollout.thoughts.begun": True,
    "rollout.problem_tokens": 200,
    "rollout.feedback_tokens": 300,
    "rollout.allow_no_public_cases": True,
    "rollout.deterministic": True,
    "rollout.stop_at_first_failure": False,
    "rollout.cache_bytes": 0,
    "training.updates": 40,
    "training.episodes_per_collection": 512,
    "training.sequences_per_update": 128,
    "training.max_staleness": 1,
    "training.checkpoint_every": 3,
    "training.keep_checkpoints": 4,
    "training.guards.window": 5,
    "training.guards.not_finite.action": "warn",
    "training.guards.loss.bound": 2.5,
    "training.guards.loss.action": "off",
    "training.guards.entropy.bound": 0.5,
    "training.guards.entropy.action": "stop",
    "training.guards.response_tokens.bound": 1.5,
    "training.guards.response_tokens.action": "stop",
    "training.guards.kl.bound": 2.5,
    "training.guards.kl.action": "off",
    "training.guards.faults.bound": 0.03,
    "training.guards.faults.action": "stop",
    "evaluation.episodes": 20,
    "evaluation.every": 2,
    "evaluation.sampling.temperature": 0.25,
    "evaluation.sampling.top_p": 0.75,
    "evaluation.sampling.max_tokens": 50,
    "evaluation.turn_limit": 2,
    "evaluation.single_turn": True,
    "evaluation.feedback": {"mute": {"use": "silent"}},
}

ALSO = {"rollout.recorded": ["tasks={evaluation: {use: sums}}"]}
"""What a key cannot be set without."""


def keys(cls: type, prefix: str = "") -> list[str]:
    found = []
    types = get_type_hints(cls)
    for field in attrs.fields(cls):
        inside = [type_ for type_ in (types[field.name], *get_args(types[field.name])) if is_block(type_)]
        way = f"{prefix}{field.alias}"
        found += keys(inside[0], f"{way}.") if inside else [way]
    return found


def is_block(type_: Any) -> bool:
    return isinstance(type_, type) and attrs.has(type_) and type_ not in {Ref, TasksRef, WeightedReward}


def test_every_key_is_set_below() -> None:
    assert keys(SpecBlock) == list(VALUES)


def test_every_key_has_a_help_text() -> None:
    def silent(cls: type) -> list[str]:
        types = get_type_hints(cls)
        inside = [type_ for name in types for type_ in (types[name], *get_args(types[name])) if is_block(type_)]
        mine = [f"{cls.__name__}.{field.name}" for field in attrs.fields(cls) if not field.metadata.get("help")]
        return [*mine, *(name for block in inside for name in silent(block))]

    assert silent(SpecBlock) + silent(TasksRef) + silent(WeightedReward) == []


@pytest.mark.parametrize("key", VALUES)
def test_a_key_that_is_set_arrives_in_the_plan_and_changes_it(bench: Any, key: str) -> None:
    before = bench.plan(bench.good).to_json()["spec"]
    override = f"{key}={VALUES[key]!r}".replace("True", "true").replace("False", "false")
    found = bench.plan(bench.good, override, *ALSO.get(key, [])).to_json()["spec"]
    for word in key.split("."):
        before = before[word] if before is not None else None
        found = found[word]
    assert (found | VALUES[key] if isinstance(found, dict) else VALUES[key]) == found
    assert found != before or key == "policy"
