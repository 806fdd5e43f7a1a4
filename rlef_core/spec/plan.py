"""A plan: a spec resolved and checked, ready to build from, to write to a run's directory and to compare with another."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from attrs import Factory, frozen

from rlef_core.errors import UsageError
from rlef_core.records import ModelSpec
from rlef_core.roles import Executor, FeedbackFormatter, Optimizer, Policy, Ref, Taskset
from rlef_core.spec.agreement import LASTING, refs_in
from rlef_core.spec.blocks import (
    DevicesBlock,
    EvaluationBlock,
    PluginsBlock,
    RolloutBlock,
    RunBlock,
    SpecBlock,
    TasksRef,
    ThreadsBlock,
    TrainingBlock,
    WeightedReward,
)
from rlef_core.spec.plain import plain

PartT = TypeVar("PartT")

SCHEMA_VERSION = 1
"""Of plan.json."""


@frozen
class Plan:
    """A resolved spec. `spec` holds every block with its defaults; `isolation` is what the executor keeps programs from."""

    spec: SpecBlock
    scheme: str = ""
    isolation: tuple[str, ...] = ()
    distributions: Mapping[str, str] = Factory(dict)
    notes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.spec.name

    @property
    def run(self) -> RunBlock:
        """Where the run writes; a command that needs no run gets `runs/NAME` when the spec does not say."""
        return self.spec.run or RunBlock(Path("runs") / self.name)

    @property
    def model(self) -> ModelSpec | None:
        return self.spec.model

    @property
    def plugins(self) -> PluginsBlock:
        return self.spec.plugins

    @property
    def devices(self) -> DevicesBlock:
        return self.spec.devices

    @property
    def threads(self) -> ThreadsBlock:
        return self.spec.threads

    @property
    def rollout(self) -> RolloutBlock:
        return self.spec.rollout

    @property
    def tasks(self) -> Mapping[str, TasksRef]:
        """The entries of `tasks:` that the spec has: `train`, `evaluation`."""
        entries = {"train": self.spec.tasks.train, "evaluation": self.spec.tasks.evaluation}
        return {name: entry for name, entry in entries.items() if entry is not None}

    @property
    def taskset(self) -> Ref[Taskset]:
        """The taskset to learn from."""
        return _present("tasks.train", self.spec.tasks.train).ref

    @property
    def policy(self) -> Ref[Policy]:
        return _present("policy", self.spec.policy)

    @property
    def executor(self) -> Ref[Executor]:
        return _present("executor", self.spec.executor)

    @property
    def feedback(self) -> Ref[FeedbackFormatter]:
        return _present("feedback", self.spec.feedback)

    @property
    def optimizer(self) -> Ref[Optimizer]:
        return _present("optimizer", self.spec.optimizer)

    @property
    def rewards(self) -> tuple[WeightedReward, ...]:
        return self.spec.rewards

    @property
    def training(self) -> TrainingBlock:
        return _present("training", self.spec.training)

    @property
    def evaluation(self) -> EvaluationBlock | None:
        return self.spec.evaluation

    @property
    def evaluation_feedback(self) -> Mapping[str, Ref[FeedbackFormatter]]:
        """The formatters that `evaluation.feedback` names."""
        return self.spec.evaluation.feedback if self.spec.evaluation else {}

    @property
    def apart(self) -> bool:
        """Policy and optimizer are never awake together: they take turns, and what is published outlasts its publication."""
        return self.devices.colocated and self.scheme in LASTING

    @property
    def components(self) -> Mapping[str, Ref[Any]]:
        """Every component by the way to its block, such as `policy` or `evaluation.feedback.random`, also the nested ones."""
        return {".".join(map(str, at)): ref for at, ref in refs_in(self.spec)}

    def to_json(self) -> dict[str, Any]:
        """What plan.json holds; `spec` is itself a spec, with every default filled in, that resolves to this plan again."""
        return {
            "schema": SCHEMA_VERSION,
            "spec": plain(self.spec),
            "scheme": self.scheme,
            "isolation": list(self.isolation),
            "distributions": dict(sorted(self.distributions.items())),
            "notes": list(self.notes),
        }

    @property
    def lasting(self) -> Mapping[str, Any]:
        """The spec as data, without the settings that are `resumable`: what a run is from its beginning to its end."""
        found: Mapping[str, Any] = plain(self.spec, lasting=True)
        return found

    def digest(self) -> str:
        """The SHA-256, in hex, of what must be the same between a run and its resumption."""
        text = json.dumps(self.lasting, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


def _present(block: str, value: PartT | None) -> PartT:
    if value is None:
        raise UsageError(f"the plan has no {block!r}: it was resolved for a command that needs none")
    return value
