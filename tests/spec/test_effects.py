"""No option is silently without effect, and components that do not fit are named."""

import json
from typing import Any

import pytest

from rlef_core.errors import ExitCode, SpecError


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "  evaluation: {use: sums, split: valid}\n",
            "",
            "good.yaml:12:1: has no effect without an entry 'evaluation' in 'tasks'",
        ),
        ("evaluation: {every: 4}\n", "", "good.yaml:6:3: has no effect without an 'evaluation' block"),
        (
            "training: {updates: 12}",
            "training: {updates: 12, episodes_per_collection: 1000}",
            "good.yaml:12:50: training.episodes_per_collection is 1000, expected a multiple of training.sequences_per_update 256",
        ),
        (
            "training: {updates: 12}",
            "training: {updates: 12, sequences_per_update: 100}",
            "good.yaml:12:47: training.episodes_per_collection is 1024, expected a multiple of training.sequences_per_update 100",
        ),
        (
            "evaluation: {every: 4}",
            "rollout: {episodes_per_task: 3}",
            "good.yaml:13:30: training.episodes_per_collection is 1024, expected a multiple of rollout.episodes_per_task 3",
        ),
        (
            "evaluation: {every: 4}",
            "evaluation: {sampling: {max_tokens: 513}}",
            "good.yaml:13:37: 513 tokens can never be reached, expected at most model.max_length 512",
        ),
        (
            "evaluation: {every: 4}",
            "evaluation: {sampling: {temperature: 0, top_p: 0.9}}",
            "good.yaml:13:41: has no effect at temperature 0, which is greedy",
        ),
        (
            "evaluation: {every: 4}",
            "rollout: {problem_tokens: 1000}",
            "good.yaml:13:27: 1000 tokens can never be reached, expected at most model.max_length 512",
        ),
        (
            "evaluation: {every: 4}",
            "evaluation: {single_turn: true}\nrollout: {turn_limit: 1}",
            "good.yaml:13:14: has no effect: with rollout.turn_limit 1 every episode has one turn",
        ),
        (
            "training: {updates: 12}",
            "training: {updates: 12, max_staleness: 1}\nrollout: {deterministic: true}",
            "good.yaml:12:40: is 1, but with rollout.deterministic episodes wait for the newest weights, expected 0, or no rollout",
        ),
        (
            "training: {updates: 12}",
            "training: {updates: 12, max_staleness: 1}\nrollout: {recorded: runs/before}",
            "good.yaml:12:25: has no effect: with rollout.recorded no episodes are played to learn from",
        ),
        (
            "evaluation: {every: 4}",
            "evaluation: {turn_limit: 1, single_turn: true}",
            "good.yaml:13:29: has no effect: with evaluation.turn_limit 1 every episode has one turn",
        ),
        (
            "evaluation: {every: 4}",
            "rollout: {thoughts: {open: ' '}}",
            "good.yaml:13:28: open is ' ', expected the text that marks a thought",
        ),
        (
            "training: {updates: 12}",
            "training: {updates: 12}\ndevices: {policy: [0, 0]}",
            "good.yaml:13:19: policy is [0, 0], expected different numbers of 0 or more",
        ),
    ],
)
def test_an_option_without_effect_is_an_error(bench: Any, old: str, new: str, message: str) -> None:
    assert message in bench.shown(bench.swap(old, new))


def test_resources_of_a_role_that_the_spec_lacks_are_an_error(bench: Any) -> None:
    text = "name: x\ntasks: {train: {use: sums}}\ndevices: {policy: [0]}\nthreads: {optimizer: 2, executor: 1}\n"
    shown = bench.shown(text, roles=("taskset", "executor"))
    assert shown.splitlines()[::3] == [
        "good.yaml:3:11: has no effect: the spec has no 'policy' block",
        "good.yaml:4:11: has no effect: the spec has no 'optimizer' block",
    ]


def test_an_answer_fits_into_the_model_unless_the_spec_says_more(bench: Any) -> None:
    plan = bench.plan(bench.swap("{every: 4}", "{sampling: {temperature: 0.2}}"))
    assert plan.rollout.sampling.max_tokens == plan.evaluation.sampling.max_tokens == 512


@pytest.mark.parametrize(
    ("guards", "message"),
    [
        ("{kl: {bound: 2, action: off}}", "its action is 'off'"),
        ("{faults: {bound: 0.05}}", "the run stops at once above rollout.max_fault_share 0.05"),
        ("{window: 9, loss: {action: off}, response_tokens: {action: off}, faults: {action: off}}", "the guards that look back"),
    ],
)
def test_a_guard_that_can_never_trip_is_an_error(bench: Any, guards: str, message: str) -> None:
    shown = bench.shown(bench.swap("{updates: 12}", f"{{updates: 12, guards: {guards}}}"))
    assert shown.startswith("good.yaml:12:34: has no effect: " + message)


def test_a_guard_whose_metric_is_not_reported_is_an_error_where_it_is_set_and_a_note_where_it_is_a_default(bench: Any) -> None:
    registry = bench.registry(bench.offered("optimizer", "stepper", bench.config, metrics=bench.watched[:2], weight_schemes=("memory",)))
    plan = bench.plan(bench.good, registry=registry)
    assert plan.notes == ("training.guards: kl: never trips: the optimizer reports no such metric",)
    assert bench.plan(json.dumps(plan.to_json()["spec"]), registry=registry) == plan
    shown = bench.shown(bench.swap("{updates: 12}", "{updates: 12, guards: {kl: {action: stop}}}"), registry=registry)
    assert shown.startswith("good.yaml:12:34: has no effect: the optimizer reports no such metric")


def test_surprising_choices_are_noted(bench: Any) -> None:
    plan = bench.plan(bench.swap("{every: 4}", "{every: 12}").replace("use: solved", "use: solved, weight: 0"))
    assert plan.notes == (
        "evaluation.every 12 is not below training.updates 12: measured only before and after",
        "reward 'solved' has weight 0 and counts for nothing",
    )


def test_the_same_bits_are_not_promised_on_accelerators(bench: Any) -> None:
    notes = [bench.plan(bench.good, "rollout.deterministic=true", f"devices.policy={numbers}").notes for numbers in ("[0]", "[]")]
    assert notes == [("rollout.deterministic: the same bits are promised on a CPU, not on the accelerators that 'devices' gives",), ()]


def test_a_guard_of_faults_is_refused_where_episodes_are_only_read(bench: Any) -> None:
    read = ("rollout.recorded=runs/before", "tasks={evaluation: {use: sums}}")
    assert "never trips: recorded episodes do not fault" in bench.plan(bench.good, *read).notes[0]
    shown = bench.shown(bench.good, *read, "training.guards.faults.action=stop")
    assert "has no effect: recorded episodes do not fault" in shown


def test_components_must_share_a_weight_scheme(bench: Any) -> None:
    registry = bench.registry(bench.offered("policy", "talker", weight_schemes=("wire",)))
    assert bench.shown(bench.good, registry=registry).startswith(
        "good.yaml:11:18: optimizer 'stepper' publishes by 'file' or 'memory', but policy 'talker' loads by 'wire', "
        "expected a pair that shares a weight scheme\n"
    )


@pytest.mark.parametrize("rollout", ["", "rollout: {episodes_per_task: 1}\n"])
def test_an_optimizer_that_compares_episodes_of_one_task_is_given_several(bench: Any, rollout: str) -> None:
    grouped = bench.offered(
        "optimizer", "stepper", bench.config, metrics=bench.watched, weight_schemes=("memory",), min_episodes_per_task=2
    )
    assert bench.shown(bench.good + rollout, registry=bench.registry(grouped)).splitlines()[0] == (
        "good.yaml:11:18: compares the episodes of one task, but rollout.episodes_per_task is 1, expected at least 2"
    )
    assert bench.plan(bench.good + "rollout: {episodes_per_task: 2}\n", registry=bench.registry(grouped)).rollout.episodes_per_task == 2


def test_a_policy_that_cannot_be_trained_needs_an_optimizer_that_changes_nothing(bench: Any) -> None:
    fixed = bench.offered("policy", "talker", weight_schemes=("memory",), trainable=False)
    assert "'talker' cannot be trained, expected an optimizer that publishes by 'unchanged'" in bench.shown(
        bench.good, registry=bench.registry(fixed)
    )
    still = bench.offered("optimizer", "stepper", bench.config, weight_schemes=("memory", "unchanged"))
    assert bench.plan(bench.good, registry=bench.registry(fixed, still)).scheme == "unchanged"


def test_the_optimizers_first_shared_scheme_is_taken(bench: Any) -> None:
    assert bench.plan(bench.good).scheme == "file"


def test_the_executor_must_run_the_tasksets_languages(bench: Any) -> None:
    registry = bench.registry(bench.offered("executor", "jail", isolation=("files",), languages=("basic",)))
    assert bench.shown(bench.good, registry=registry).count("has programs in 'lua', but executor 'jail' runs only 'basic'") == 2


def test_a_language_that_nobody_offers_is_an_error(bench: Any) -> None:
    registry = bench.registry(bench.offered("taskset", "sums", languages=("cobol",)))
    faults = bench.faults(bench.good, registry=registry)
    assert {fault.message.partition(";")[0] for fault in faults} == {"language 'cobol' is unknown"}
    assert SpecError(faults).exit_code == ExitCode.PLUGIN


def test_a_component_that_cannot_run_here_is_an_error_also_when_it_is_nested(bench: Any) -> None:
    registry = bench.registry(
        bench.offered("executor", "cell", unavailable="no user namespaces; enable them"),
        bench.offered("executor", "jail", isolation=("files",)),
    )
    (fault,) = bench.faults(bench.swap("rate: 2e-7", "inner: {use: cell}"), registry=registry)
    assert (fault.line, fault.column) == (11, 40)
    assert fault.message == "cannot run here: no user namespaces; enable them"


def test_warnings_and_missing_tools_are_notes(bench: Any) -> None:
    registry = bench.registry(bench.offered("feedback", "plain", warnings=("slow",), missing=("gcc (Debian package gcc)",)))
    assert bench.plan(bench.good, registry=registry).notes == (
        "feedback 'plain': slow",
        "feedback 'plain': missing gcc (Debian package gcc)",
    )


def test_without_an_executor_block_the_one_that_isolates_is_taken(bench: Any) -> None:
    text = bench.swap("executor: {use: jail}\n", "")
    assert bench.plan(text).executor.use == "jail"
    two = bench.registry(bench.offered("executor", "cell", isolation=("files",)))
    (fault,) = bench.faults(text, registry=two)
    assert (fault.line, fault.plugin) == (0, True)
    assert "'cell'" in fault.message
    assert "'jail'" in fault.message


def test_a_requirement_that_is_not_met_is_shown_at_its_place(bench: Any) -> None:
    text = bench.good + "plugins: {require: [no-such-distribution>=3]}\n"
    (fault,) = bench.faults(text)
    assert (fault.line, fault.column, fault.plugin) == (14, 21, True)
    assert "no-such-distribution" in fault.message
