"""Check what `plugins: {require: [...]}` asks for."""

from collections.abc import Sequence

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from rlef_core.errors import PluginError
from rlef_core.registry.distributions import unmet
from rlef_core.registry.plugins import PluginInfo


def check_requirements(requirements: Sequence[str], plugins: Sequence[PluginInfo]) -> None:
    """Raise PluginError that names every requirement which is malformed, not met, or met by a plugin that takes no part."""
    reasons = [reason for requirement in requirements if (reason := _reason(requirement, plugins))]
    if reasons:
        raise PluginError("; ".join(reasons))


def _reason(requirement: str, plugins: Sequence[PluginInfo]) -> str:
    try:
        missing = unmet(requirement)
    except InvalidRequirement as error:
        return f"plugins.require holds {requirement!r}, expected a requirement such as 'rlef-core>=0.1' ({' '.join(str(error).split())})"
    if missing:
        return f"plugins.require asks for {requirement!r}, but {missing}; run `pip install {requirement!r}`"
    name = canonicalize_name(Requirement(requirement).name)
    idle = [str(plugin) for plugin in plugins if plugin.status != "loaded" and canonicalize_name(plugin.distribution) == name]
    return f"plugins.require asks for {requirement!r}, but {'; '.join(idle)}" if idle else ""
