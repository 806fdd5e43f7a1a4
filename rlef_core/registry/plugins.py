"""What is known about a plugin, whether or not it could be loaded."""

from typing import Literal

from attrs import frozen

from rlef_core.errors import Origin

Status = Literal["loaded", "blocked", "broken", "incompatible"]

UNPACKAGED = "unpackaged"
"""Stands for the distribution of a module that `plugins: {load: [...]}` names: it has none."""


@frozen
class PluginInfo:
    """One plugin. `name` is its entry point's (or the loaded module's), `reason` says why it takes no part; empty when it does."""

    name: str
    distribution: str
    version: str
    module: str
    hooks: tuple[str, ...] = ()
    status: Status = "loaded"
    reason: str = ""

    def __str__(self) -> str:
        state = f" is {self.status}: {self.reason}" if self.reason else ""
        return f"plugin {self.name!r} (distribution {self.distribution} {self.version}){state}"

    def origin(self, role: str, component: str) -> Origin:
        """Where a component that this plugin offers comes from."""
        return Origin(role, component, self.name, self.distribution, self.version)
