"""A plan holds everything, writes itself as a spec, and knows what may change on resume."""

import json
from pathlib import Path
from typing import Any

import pytest

from rlef_core.errors import UsageError
from rlef_core.spec import resumable


def test_a_good_spec_becomes_a_plan(bench: Any) -> None:
    plan = bench.plan(bench.good)
    assert (plan.name, plan.run.directory, plan.run.seed) == ("good", Path("runs/good"), 7)
    assert plan.model.max_length == 512
    assert {name: (entry.ref.use, entry.split) for name, entry in plan.tasks.items()} == {
        "train": ("sums", "train"),
        "evaluation": ("sums", "valid"),
    }
    assert (plan.policy.use, plan.executor.use, plan.feedback.use, plan.optimizer.use) == ("talker", "jail", "plain", "stepper")
    assert [(item.ref.use, item.weight) for item in plan.rewards] == [("solved", 1.0)]
    assert plan.isolation == ("network", "files")
    assert plan.distributions == {"acme-parts": "1.2"}
    assert (plan.training.updates, plan.training.episodes_per_collection, plan.evaluation.every) == (12, 1024, 4)


def test_the_distributions_of_all_components_are_known(bench: Any) -> None:
    plan = bench.plan(bench.swap("[{use: solved}]", "[{use: solved}, {use: short, weight: -0.5}]"))
    assert plan.distributions == {"acme-parts": "1.2", "acme-more": "1.2"}


def test_evaluation_feedback_is_resolved(bench: Any) -> None:
    plan = bench.plan(bench.swap("{every: 4}", "{feedback: {mute: {use: silent}}}"))
    assert plan.evaluation_feedback["mute"].use == "silent"
    assert set(plan.components) == {
        *("tasks.train", "tasks.evaluation", "policy", "executor", "feedback", "rewards.0", "optimizer"),
        "evaluation.feedback.mute",
    }


def test_the_written_plan_is_a_spec_that_resolves_to_the_same_plan(bench: Any) -> None:
    text = bench.swap("rate: 2e-7", "rate: 2e-7, colour: blue, folder: a/b, inners: [{use: jail, depth: 2}], nested: {width: 3}")
    plan = bench.plan(text)
    written = json.loads(json.dumps(plan.to_json(), allow_nan=False))
    assert written["schema"] == 1
    assert written["spec"]["optimizer"]["inners"] == [{"use": "jail", "depth": 2}]
    assert bench.plan(json.dumps(written["spec"])) == plan


CHANGES = {
    "run.directory": "elsewhere",
    "devices": "{policy: [1]}",
    "threads": "{executor: 3}",
    "tasks.evaluation": "{use: sums, split: test}",
    "rollout.concurrency": "3",
    "rollout.cache_bytes": "1MB",
    "training.updates": "13",
    "training.checkpoint_every": "7",
    "training.keep_checkpoints": "7",
    "training.guards": "{kl: {bound: 2}}",
    "evaluation": "{every: 1}",
}


@pytest.mark.parametrize("key", CHANGES)
def test_what_may_change_on_resume_leaves_the_digest(bench: Any, key: str) -> None:
    before, after = bench.plan(bench.good), bench.plan(bench.good, f"{key}={CHANGES[key]}")
    assert before != after
    assert before.digest() == after.digest()


def test_the_settings_that_may_change_on_resume_are_named(bench: Any) -> None:
    assert set(resumable(bench.plan(bench.good).spec)) >= CHANGES.keys() - {"devices", "threads"}


@pytest.mark.parametrize(
    "override",
    ["name=other", "run.seed=8", "model.max_length=600", "optimizer.rate=1", "rollout.turn_limit=2", "training.sequences_per_update=512"],
)
def test_what_must_not_change_on_resume_changes_the_digest(bench: Any, override: str) -> None:
    assert bench.plan(bench.good).digest() != bench.plan(bench.good, override).digest()


def test_the_order_of_keys_does_not_change_the_digest(bench: Any) -> None:
    turned = "\n".join(reversed(bench.good.replace("tasks:\n  train", "tasks: {train").replace("\n  eval", ", eval").splitlines()))
    turned = turned.replace("split: valid}", "split: valid}}")
    assert bench.plan(turned).digest() == bench.plan(bench.good).digest()


def test_a_command_that_needs_few_roles_looks_at_few_blocks(bench: Any) -> None:
    text = "name: x\ntasks: {evaluation: {use: sums}}\npolicy: {use: not-installed-here}\n"
    plan = bench.plan(text, roles=("taskset", "executor"))
    assert (plan.executor.use, plan.tasks["evaluation"].split) == ("jail", "evaluation")
    assert plan.run.directory == Path("runs/x")
    with pytest.raises(UsageError, match="the plan has no 'policy'"):
        plan.policy  # noqa: B018  the access is what is tested
