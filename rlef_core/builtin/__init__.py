"""The built-in components, offered through the same hooks as any plugin's."""

from collections.abc import Iterable

from rlef_core import (
    Benchmark,
    Checker,
    Component,
    Executor,
    FeedbackFormatter,
    Health,
    Language,
    Optimizer,
    Policy,
    RewardFunction,
    Taskset,
    hookimpl,
)
from rlef_core.builtin import (
    checkers,
    cpp,
    dry_run,
    feedback,
    javascript,
    jsonl,
    machine,
    mixture,
    python,
    rewards,
    scripted,
    subprocess_per_case,
    tiny_programs,
    unsafe_subprocess,
)
from rlef_core.builtin.machine.languages import toolchain

LANGUAGES = (python.LANGUAGE, cpp.LANGUAGE, javascript.LANGUAGE)


@hookimpl
def rlef_register_policies() -> Iterable[Component[Policy]]:
    """The policy that recites."""
    return (scripted.COMPONENT,)


@hookimpl
def rlef_register_feedback_formatters() -> Iterable[Component[FeedbackFormatter]]:
    """The paper's formatter and its ablations."""
    return feedback.COMPONENTS


@hookimpl
def rlef_register_rewards() -> Iterable[Component[RewardFunction]]:
    """The paper's reward."""
    return (rewards.COMPONENT,)


@hookimpl
def rlef_register_optimizers() -> Iterable[Component[Optimizer]]:
    """The optimizer that only counts."""
    return (dry_run.COMPONENT,)


@hookimpl
def rlef_register_executors() -> Iterable[Component[Executor]]:
    """The executor that isolates nothing."""
    return (unsafe_subprocess.COMPONENT,)


@hookimpl
def rlef_register_checkers() -> Iterable[Component[Checker]]:
    """Bytes, tokens, numbers."""
    return checkers.COMPONENTS


@hookimpl
def rlef_register_languages() -> Iterable[Language]:
    """Python, C++, JavaScript."""
    return LANGUAGES


@hookimpl
def rlef_register_tasksets() -> Iterable[Component[Taskset]]:
    """Tasks from files, tiny ones to learn from on a laptop, and several tasksets in one."""
    return (jsonl.COMPONENT, tiny_programs.COMPONENT, mixture.COMPONENT)


@hookimpl
def rlef_register_benchmarks() -> Iterable[Benchmark]:
    """What executors are measured beside: the one that isolates nothing, and a process for every case."""
    return (Benchmark("executor", baselines=(unsafe_subprocess.COMPONENT, subprocess_per_case.COMPONENT)),)


@hookimpl
def rlef_report_health() -> Iterable[Health]:
    """The machine, and the tools of each language."""
    return (*machine.findings(), *map(toolchain, LANGUAGES))
