"""Which blocks a command needs, by the roles that it uses."""

from collections.abc import Collection, Mapping
from typing import Any

from rlef_core.registry import Registry
from rlef_core.spec.misfits import Misfit, choice
from rlef_core.spec.tree import Spec

ROLE_OF_BLOCK: Mapping[str, str] = {
    "tasks": "taskset",
    "policy": "policy",
    "executor": "executor",
    "feedback": "feedback",
    "rewards": "reward",
    "optimizer": "optimizer",
}
"""The blocks that name components."""

ALL = frozenset(ROLE_OF_BLOCK.values())
"""The roles of a whole run."""


def is_needed(block: str, roles: Collection[str]) -> bool:
    """Whether a command that uses `roles` looks at a block."""
    role = "policy" if block == "evaluation" else ROLE_OF_BLOCK.get(block)
    return role is None or role in roles


def missing_blocks(spec: Spec, parts: Mapping[str, Any], registry: Registry, roles: Collection[str]) -> list[Misfit]:
    """A misfit for every block that the command needs and the spec lacks."""
    spared = {"executor", "tasks"} if _is_recorded(parts, roles) else {"executor"}
    needed = [(block, _hint(registry, role)) for block, role in ROLE_OF_BLOCK.items() if role in roles and block not in spared]
    needed.append(("name", "the run's name"))
    if "optimizer" in roles:
        needed += [("run", "the run's 'directory'"), ("training", "the number of 'updates'")]
    misfits = [Misfit(f"no {block!r} block, expected {hint}", (block,), on_key=True) for block, hint in needed if _absent(spec, block)]
    return misfits + _missing_entries(spec, parts, roles)


def _absent(spec: Spec, block: str) -> bool:
    return spec.data.get(block) is None


def _missing_entries(spec: Spec, parts: Mapping[str, Any], roles: Collection[str]) -> list[Misfit]:
    misfits = []
    tasks = None if _is_recorded(parts, roles) else parts.get("tasks")
    if tasks and not _absent(spec, "tasks") and tasks.train is None and ("optimizer" in roles or tasks.evaluation is None):
        misfits.append(Misfit("lacks 'train' (tasks to learn from)", ("tasks",), on_key=True))
    if spec.data.get("rewards") == [] and "reward" in roles:
        misfits.append(Misfit("found an empty list, expected at least one reward", ("rewards",)))
    return misfits


def _is_recorded(parts: Mapping[str, Any], roles: Collection[str]) -> bool:
    """A run that plays no tasks to learn from."""
    return "optimizer" in roles and getattr(parts.get("rollout"), "recorded", None) is not None


def _hint(registry: Registry, role: str) -> str:
    block = "an entry 'train' with " if role == "taskset" else ""
    return f"{block}'use:' one of the installed: {choice(registry.names(role))}"
