"""The example of every hook is a plugin that pluggy takes and that does what the hook asks for."""

import inspect
import re
import sys
import textwrap
import types

import pluggy
import pytest

from rlef_core import (
    Action,
    Benchmark,
    Checkpoint,
    Component,
    Episode,
    EpisodeId,
    Execution,
    Finish,
    Health,
    Judgement,
    Language,
    MadeModel,
    Problem,
    Program,
    RunState,
    StdioCase,
    Stop,
    Task,
    Turn,
    UpdateReport,
    Verdict,
    hookspecs,
)

HOOKS = [name for name in vars(hookspecs) if name.startswith("rlef_")]
RECORD_HOOKS = ["rlef_register_languages", "rlef_register_models", "rlef_register_benchmarks", "rlef_report_health"]
REGISTER_HOOKS = [name for name in HOOKS if name.startswith("rlef_register_") and name not in RECORD_HOOKS]


def example(hook: str) -> str:
    found = re.search(r"```python\n(.*?)```", inspect.getdoc(getattr(hookspecs, hook)), re.DOTALL)
    assert found is not None, f"{hook} has no example"
    return textwrap.dedent(found[1])


@pytest.fixture
def plugged(monkeypatch):
    """A function that registers a hook's example and returns the plugin manager's way to call the hook."""

    def plug(hook: str):
        module = types.ModuleType("my_plugin_under_test")
        monkeypatch.setitem(sys.modules, module.__name__, module)
        exec(compile(example(hook), f"<example of {hook}>", "exec"), vars(module))
        manager = pluggy.PluginManager("rlef")
        manager.add_hookspecs(hookspecs)
        manager.register(module)
        manager.check_pending()
        call = getattr(manager.hook, hook)
        assert len(call.get_hookimpls()) == 1, f"the example of {hook} implements another hook"
        return call

    return plug


def solved_episode() -> Episode:
    action = Action("```python\nprint(1)\n```", (1, 2), (3,), (-0.5,), (), Finish.STOP)
    passed = Execution((Judgement(0, Verdict.ACCEPTED),))
    problem = Problem("one", "Print 1.", "python", (StdioCase("", "1"),))
    return Episode(
        EpisodeId("train", 0, "one", 0), problem, (Turn((), action, Program("python", "print(1)"), passed),), passed, Stop.PUBLIC_PASSED
    )


def test_every_hook_has_an_example_that_pluggy_takes(plugged):
    for hook in HOOKS:
        plugged(hook)


@pytest.mark.parametrize("hook", REGISTER_HOOKS)
def test_the_example_of_a_register_hook_offers_a_component_with_a_working_default_config(plugged, hook):
    ((offered,),) = plugged(hook)()
    assert isinstance(offered, Component)
    offered.offers(offered.config())


def test_the_example_taskset_gives_a_task_with_public_and_private_cases(plugged):
    ((offered,),) = plugged("rlef_register_tasksets")()
    taskset = offered.build(offered.config(), None)
    task = taskset.task(taskset.ids("train")[0])
    assert isinstance(task, Task)
    assert task.problem.public_cases
    assert task.private_cases


def test_the_example_formatter_puts_a_failure_into_a_word(plugged):
    ((offered,),) = plugged("rlef_register_feedback_formatters")()
    formatter = offered.build(offered.config(), None)
    episode = solved_episode()
    assert formatter.opening(episode.problem)[0].content == "Print 1."
    assert formatter.feedback(episode.problem, episode.turns[0].execution) == "accepted"
    assert formatter.feedback(episode.problem, None) == "no program"


async def test_the_example_reward_prices_every_turn(plugged):
    ((offered,),) = plugged("rlef_register_rewards")()
    assert await offered.build(offered.config(), None).rewards(solved_episode()) == [-0.1]


async def test_the_example_checker_compares_lengths(plugged):
    ((offered,),) = plugged("rlef_register_checkers")()
    checker = offered.build(offered.config(), None)
    assert await checker.check(StdioCase("", "ab"), b"xy", None)
    assert not await checker.check(StdioCase("", "ab"), b"x", None)


def test_the_examples_of_language_health_and_benchmarks_give_their_records(plugged):
    ((language,),) = plugged("rlef_register_languages")()
    assert isinstance(language, Language)
    ((health,),) = plugged("rlef_report_health")()
    assert isinstance(health, Health)
    ((benchmark,),) = plugged("rlef_register_benchmarks")()
    assert isinstance(benchmark, Benchmark)
    assert [goal.times for goal in benchmark.goals] == [baseline.name for baseline in benchmark.baselines]


def test_the_example_model_is_made_once(plugged, tmp_path, monkeypatch):
    ((model,),) = plugged("rlef_register_models")()
    assert isinstance(model, MadeModel)
    written = []
    writer = types.ModuleType("my_plugin.random_llama")
    writer.write_model = lambda folder, seed: written.append(seed) or folder.mkdir()
    monkeypatch.setitem(sys.modules, "my_plugin", types.ModuleType("my_plugin"))
    monkeypatch.setitem(sys.modules, "my_plugin.random_llama", writer)
    folders = [model.make(tmp_path, seed, lambda done, total: None) for seed in (3, 3)]
    assert folders == [tmp_path / "random-llama-3"] * 2
    assert written == [3]


def test_the_examples_of_lifecycle_hooks_take_the_records_that_they_are_called_with(plugged, tmp_path, capsys):
    metrics = {"rollout/solve_rate": 0.5}
    calls = {
        "rlef_run_started": {"directory": tmp_path, "plan": {"name": "x"}},
        "rlef_episode_finished": {"episode": solved_episode(), "rewards": (1.0,)},
        "rlef_update_finished": {"collection": 0, "report": UpdateReport(4), "metrics": metrics},
        "rlef_evaluation_finished": {"name": "base", "result": {"solve_rate": 0.5}},
        "rlef_checkpoint_saved": {"directory": tmp_path, "checkpoint": Checkpoint(1, RunState(), "digest")},
        "rlef_run_finished": {"directory": tmp_path, "summary": {"base": {}}},
    }
    assert sorted(calls) == sorted(set(HOOKS) - set(REGISTER_HOOKS) - set(RECORD_HOOKS))
    for hook, arguments in calls.items():
        plugged(hook)(**arguments)
    assert "train/0/one/0 True 1.0" in capsys.readouterr().out
    assert (tmp_path / "components").is_dir()
