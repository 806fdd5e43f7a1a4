"""Every hook of rlef-core: a plugin is a module with functions of these names, marked `hookimpl`, behind an entry point of group `rlef`.

Register hooks are called when a spec is read, once a process, each under guard: a raise quarantines the plugin, with its name, and harms no
other. Lifecycle hooks are called when something happened, in order, by one worker thread; a raise is reported and the run goes on.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pluggy

from rlef_core.goals import Benchmark
from rlef_core.records import Checkpoint, Episode, Language, UpdateReport
from rlef_core.roles import (
    Checker,
    Component,
    Executor,
    FeedbackFormatter,
    Health,
    MadeModel,
    Optimizer,
    Policy,
    RewardFunction,
    Taskset,
)

hookspec = pluggy.HookspecMarker("rlef")
hookimpl = pluggy.HookimplMarker("rlef")
ENTRY_POINT_GROUP = "rlef"


@hookspec
def rlef_register_policies() -> Iterable[Component[Policy]]:  # type: ignore[empty-body]  # a hook spec has no body
    """Offer policies: models that answer.

    Example:
        ```python
        from collections.abc import Iterable

        import attrs
        from rlef_core import Component, Policy, component, hookimpl, setting

        @attrs.frozen
        class EchoConfig:
            answer: str = setting("pass", help="what it always answers")

        def build_echo(config, context):
            from my_plugin.echo import EchoPolicy  # heavy imports belong here
            return EchoPolicy(config.answer)

        @hookimpl
        def rlef_register_policies() -> Iterable[Component[Policy]]:
            return [component(name="echo", summary="always the same answer", config=EchoConfig, build=build_echo)]
        ```
    """


@hookspec
def rlef_register_executors() -> Iterable[Component[Executor]]:  # type: ignore[empty-body]  # a hook spec has no body
    """Offer executors: sandboxes that run programs.

    Example:
        ```python
        import attrs
        from rlef_core import Offer, component, hookimpl, setting

        @attrs.frozen
        class RemoteConfig:
            url: str = setting("http://localhost:8080", help="where the sandbox service listens")

        def build_remote(config, context):
            from my_plugin.remote import RemoteExecutor
            return RemoteExecutor(config.url)

        @hookimpl
        def rlef_register_executors():
            offers = lambda config: Offer(isolation=("network", "files"))
            return [component(name="remote", summary="runs programs on a service", config=RemoteConfig, build=build_remote, offers=offers)]
        ```
    """


@hookspec
def rlef_register_feedback_formatters() -> Iterable[Component[FeedbackFormatter]]:  # type: ignore[empty-body]  # a hook spec has no body
    """Offer feedback formatters: how failures are put into words.

    Example:
        ```python
        import attrs
        from rlef_core import Message, component, hookimpl

        @attrs.frozen
        class TerseConfig:
            pass

        class Terse:
            def opening(self, problem):
                return [Message("user", problem.statement)]

            def feedback(self, problem, execution):
                return "no program" if execution is None else execution.verdict.value

        @hookimpl
        def rlef_register_feedback_formatters():
            return [component(name="terse", summary="one word", config=TerseConfig, build=lambda config, context: Terse())]
        ```
    """


@hookspec
def rlef_register_rewards() -> Iterable[Component[RewardFunction]]:  # type: ignore[empty-body]  # a hook spec has no body
    """Offer reward functions: one number a turn.

    Example:
        ```python
        import attrs
        from rlef_core import component, hookimpl, setting

        @attrs.frozen
        class BrevityConfig:
            per_turn: float = setting(-0.1, help="reward of every turn played")

        class Brevity:
            def __init__(self, per_turn):
                self.per_turn = per_turn

            async def rewards(self, episode):
                return [self.per_turn] * len(episode.turns)

        @hookimpl
        def rlef_register_rewards():
            build = lambda config, context: Brevity(config.per_turn)
            return [component(name="brevity", summary="a price for every turn", config=BrevityConfig, build=build)]
        ```
    """


@hookspec
def rlef_register_optimizers() -> Iterable[Component[Optimizer]]:  # type: ignore[empty-body]  # a hook spec has no body
    """Offer optimizers: how weights change.

    Example:
        ```python
        import attrs
        from rlef_core import Offer, component, hookimpl, setting

        @attrs.frozen
        class MyConfig:
            learning_rate: float = setting(2e-7, help="step size")

        def build_mine(config, context):
            from my_plugin.optimizer import MyOptimizer
            return MyOptimizer(config, context.model)

        @hookimpl
        def rlef_register_optimizers():
            offers = lambda config: Offer(weight_schemes=("memory",))
            return [component(name="mine", summary="another method", config=MyConfig, build=build_mine, offers=offers)]
        ```
    """


@hookspec
def rlef_register_tasksets() -> Iterable[Component[Taskset]]:  # type: ignore[empty-body]  # a hook spec has no body
    """Offer tasksets: where tasks come from.

    Example:
        ```python
        import attrs
        from rlef_core import Problem, StdioCase, Task, component, hookimpl

        @attrs.frozen
        class EchoTasksConfig:
            pass

        class EchoTasks:
            def ids(self, split):
                return ["echo"]

            def task(self, id):
                problem = Problem(id, "Print what you read.", "python", (StdioCase("a", "a"),))
                return Task(problem, (StdioCase("b", "b"),), reference="print(input())")

        @hookimpl
        def rlef_register_tasksets():
            return [component(name="echo-tasks", summary="one task", config=EchoTasksConfig, build=lambda config, context: EchoTasks())]
        ```
    """


@hookspec
def rlef_register_checkers() -> Iterable[Component[Checker]]:  # type: ignore[empty-body]  # a hook spec has no body
    """Offer checkers: what counts as the right output.

    Example:
        ```python
        import attrs
        from rlef_core import component, hookimpl

        @attrs.frozen
        class LengthConfig:
            pass

        class Length:
            async def check(self, case, output, run):
                return len(output) == len(case.output)

        @hookimpl
        def rlef_register_checkers():
            return [component(name="length", summary="only the length counts", config=LengthConfig, build=lambda config, context: Length())]
        ```
    """


@hookspec
def rlef_register_languages() -> Iterable[Language]:  # type: ignore[empty-body]  # a hook spec has no body
    """Offer languages, as data.

    Example:
        ```python
        from rlef_core import Language, Tool, hookimpl

        @hookimpl
        def rlef_register_languages():
            lua = Tool("lua", ("lua5.4", "lua"), ("-v",), debian_package="lua5.4")
            return [Language("lua", source_name="main.lua", run=("{lua}", "{source}"), tools=(lua,), fences=("lua",))]
        ```
    """


@hookspec
def rlef_register_models() -> Iterable[MadeModel]:  # type: ignore[empty-body]  # a hook spec has no body
    """Offer models that are made on first use, for specs whose `model.path` is their name, whatever policy and optimizer get them.

    Example:
        ```python
        from rlef_core import MadeModel, hookimpl

        def make_random(cache, seed, progress):
            folder = cache / f"random-llama-{seed}"
            if not folder.is_dir():
                from my_plugin.random_llama import write_model  # heavy imports belong here
                write_model(folder, seed)
            progress(1, 1)
            return folder

        @hookimpl
        def rlef_register_models():
            return [MadeModel("random:llama", "a tiny Llama that has learnt nothing", make_random)]
        ```
    """


@hookspec
def rlef_register_benchmarks() -> Iterable[Benchmark]:  # type: ignore[empty-body]  # a hook spec has no body
    """Offer what `rlef-core bench` measures the components of a role beside, and the goals they are held to.

    Example:
        ```python
        import attrs
        from rlef_core import Benchmark, Goal, component, hookimpl

        @attrs.frozen
        class SlowConfig:
            pass

        def build_slow(config, context):
            from my_plugin.slow import SlowExecutor
            return SlowExecutor(context.threads)

        @hookimpl
        def rlef_register_benchmarks():
            slow = component(name="slow", summary="one machine a case", config=SlowConfig, build=build_slow)
            goal = Goal("remote", "mix/cases_per_second", at_least=4, times="slow")
            return [Benchmark("executor", baselines=(slow,), goals=(goal,))]
        ```
    """


@hookspec
def rlef_report_health() -> Iterable[Health]:  # type: ignore[empty-body]  # a hook spec has no body
    """Report what of this machine the plugin needs and whether it works: quickly, and without loading or starting what is heavy.

    `doctor` prints it all, and `doctor --probe` calls each finding's `probe`; `check` prints what does not work of the plugins that a spec
    uses.

    Example:
        ```python
        import shutil
        import subprocess
        from rlef_core import Health, hookimpl

        def try_lua():
            done = subprocess.run(["lua5.4", "-v"], capture_output=True, text=True)
            return Health("lua", done.returncode == 0, done.stdout + done.stderr, "install Debian's lua5.4 anew")

        @hookimpl
        def rlef_report_health():
            found = shutil.which("lua5.4")
            return [Health("lua", found is not None, found or "not on PATH", "install Debian's lua5.4", probe=try_lua if found else None)]
        ```
    """


@hookspec
def rlef_run_started(directory: Path, plan: Mapping[str, Any]) -> None:
    """A run started or was resumed; `plan` is what plan.json holds.

    Example:
        ```python
        from rlef_core import hookimpl

        @hookimpl
        def rlef_run_started(directory, plan):
            (directory / "components").mkdir(exist_ok=True)
        ```
    """


@hookspec
def rlef_episode_finished(episode: Episode, rewards: tuple[float, ...]) -> None:
    """An episode ended without a fault and was scored.

    Example:
        ```python
        from rlef_core import hookimpl

        @hookimpl
        def rlef_episode_finished(episode, rewards):
            print(episode.id, episode.solved, sum(rewards))
        ```
    """


@hookspec
def rlef_update_finished(collection: int, report: UpdateReport, metrics: Mapping[str, float]) -> None:
    """The updates of a collection are done; `metrics` is what metrics.jsonl holds for it.

    Example:
        ```python
        from rlef_core import hookimpl

        @hookimpl
        def rlef_update_finished(collection, report, metrics):
            print(collection, metrics["rollout/solve_rate"])
        ```
    """


@hookspec
def rlef_evaluation_finished(name: str, result: Mapping[str, Any]) -> None:
    """An evaluation ended; `result` is its entry in summary.json.

    Example:
        ```python
        from rlef_core import hookimpl

        @hookimpl
        def rlef_evaluation_finished(name, result):
            print(name, result["solve_rate"])
        ```
    """


@hookspec
def rlef_checkpoint_saved(directory: Path, checkpoint: Checkpoint) -> None:
    """A checkpoint is complete on disk.

    Example:
        ```python
        from rlef_core import hookimpl

        @hookimpl
        def rlef_checkpoint_saved(directory, checkpoint):
            print(directory, checkpoint.state.updates)
        ```
    """


@hookspec
def rlef_run_finished(directory: Path, summary: Mapping[str, Any]) -> None:
    """The run reached its end; `summary` is what summary.json holds.

    Example:
        ```python
        from rlef_core import hookimpl

        @hookimpl
        def rlef_run_finished(directory, summary):
            print(directory / "summary.json", sorted(summary))
        ```
    """
