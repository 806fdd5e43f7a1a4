"""Check a plugin's hook functions against the hook specs and make them callable."""

import inspect
from typing import Any

import pluggy

from rlef_core import hookspecs
from rlef_core.misses import did_you_mean
from rlef_core.registry.quarantine import QuarantineError

HOOKS: tuple[str, ...] = tuple(name for name in vars(hookspecs) if name.startswith("rlef_"))
"""The names of all hooks, in the order of the hook specs."""


def wire(name: str, plugin: Any) -> pluggy.HookRelay:
    """The plugin's hooks, validated.

    A plugin has a relay of its own: on a shared one, a single raise would abort the call for all plugins. Raises QuarantineError when a
    function names no hook, takes an argument that its hook has not, or lacks the mark; or when there is no hook function at all.
    """
    manager = pluggy.PluginManager("rlef")
    manager.add_hookspecs(hookspecs)
    try:
        manager.register(plugin, name)
    except pluggy.PluginValidationError as error:
        raise QuarantineError(f"{_one_line(error)}; see the hook in rlef_core.hookspecs") from error
    _check_names(manager, plugin)
    _check_marks(plugin)
    if not implemented(manager.hook):
        raise QuarantineError(f"{name!r} has no function marked with rlef_core.hookimpl; expected at least one of {', '.join(HOOKS)}")
    return manager.hook


def implemented(relay: pluggy.HookRelay) -> tuple[str, ...]:
    """The hooks for which the plugin has a function."""
    return tuple(name for name in HOOKS if getattr(relay, name).get_hookimpls())


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())


def _check_names(manager: pluggy.PluginManager, plugin: Any) -> None:
    for caller in manager.get_hookcallers(plugin) or ():
        required = [impl for impl in caller.get_hookimpls() if not impl.optionalhook]
        if required and not caller.has_spec():
            raise QuarantineError(f"{caller.name!r} is no hook of rlef-core{did_you_mean(caller.name, HOOKS)}")


def _check_marks(plugin: Any) -> None:
    # A forgotten decorator would otherwise be a plugin that silently offers nothing.
    for name in HOOKS:
        function = inspect.getattr_static(plugin, name, None)
        if inspect.isfunction(function) and not hasattr(function, "rlef_impl") and not hasattr(function, "rlef_spec"):
            raise QuarantineError(f"function {name} is not marked, expected @rlef_core.hookimpl above it")
