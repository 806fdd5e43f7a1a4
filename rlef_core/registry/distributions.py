"""List the installed plugins from their metadata, without importing any of them."""

from collections.abc import Callable, Iterable, Iterator
from importlib import metadata
from typing import Any

from attrs import evolve, field, frozen
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from rlef_core.hookspecs import ENTRY_POINT_GROUP
from rlef_core.registry.plugins import UNPACKAGED, PluginInfo
from rlef_core.registry.quarantine import QuarantineError, guard

CORE = "rlef-core"


@frozen
class Candidate:
    """A plugin that could be loaded; `load` imports it. Its info already says so if it is broken or incompatible by its metadata."""

    info: PluginInfo
    load: Callable[[], Any] = field(repr=False, eq=False)

    def answers_to(self, name: str) -> bool:
        """Whether `name` is the plugin's or its distribution's, if it has one."""
        distribution = self.info.distribution
        return name == self.info.name or (distribution != UNPACKAGED and canonicalize_name(name) == canonicalize_name(distribution))


def installed() -> Iterator[Candidate]:
    """Every entry point of group `rlef`, sorted by distribution; one whose metadata cannot be read is a broken candidate."""
    names = {_name(distribution) for distribution in metadata.distributions() if _is_plugin(distribution)}
    for name in sorted(names):
        # Asked for by name: of two versions on the path, the first is the one that an import finds.
        distribution = metadata.distribution(name)
        if _is_plugin(distribution):
            yield from _candidates(distribution)


def unmet(requirement: str) -> str:
    """Why an installed distribution does not meet a requirement such as `rlef-torch>=0.1`; empty when it does.

    Raises packaging's InvalidRequirement for a text that is none.
    """
    wanted = Requirement(requirement)
    if wanted.marker is not None and not wanted.marker.evaluate({"extra": ""}):
        return ""
    try:
        version = metadata.version(wanted.name)
    except metadata.PackageNotFoundError:
        return f"{wanted.name} is not installed"
    return "" if wanted.specifier.contains(version, prereleases=True) else f"{wanted.name} {version} is installed"


def _is_plugin(distribution: metadata.Distribution) -> bool:
    # The text is looked at before it is parsed, so that a malformed file of somebody else's is no matter.
    return f"[{ENTRY_POINT_GROUP}]" in (distribution.read_text("entry_points.txt") or "") and bool(distribution.metadata["Name"])


def _name(distribution: metadata.Distribution) -> str:
    return str(canonicalize_name(distribution.metadata["Name"]))


def _candidates(distribution: metadata.Distribution) -> Iterator[Candidate]:
    try:
        with guard("reading entry_points.txt"):
            points = [point for point in distribution.entry_points if point.group == ENTRY_POINT_GROUP]
    except QuarantineError as error:
        broken = PluginInfo(_name(distribution), _name(distribution), distribution.version, "", (), "broken", str(error))
        yield Candidate(broken, lambda: None)
        return
    for point in points:
        info = PluginInfo(point.name, distribution.metadata["Name"], distribution.version, point.value)
        yield Candidate(_checked(info, distribution.requires or ()), point.load)


def _checked(info: PluginInfo, requires: Iterable[str]) -> PluginInfo:
    try:
        with guard("reading Requires-Dist"):
            reasons = [
                f"it requires {line!r}, but {reason}; install a version of {info.distribution} or {CORE} that fits the other"
                for line in requires
                if canonicalize_name(Requirement(line).name) == CORE and (reason := unmet(line))
            ]
    except QuarantineError as error:
        return evolve(info, status="broken", reason=str(error))
    return evolve(info, status="incompatible", reason="; ".join(reasons)) if reasons else info
