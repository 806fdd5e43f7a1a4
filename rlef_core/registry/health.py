"""Ask a plugin how this machine suits it; a report or a probe that raises is itself a finding."""

from collections.abc import Iterator
from importlib import metadata

import pluggy

from rlef_core.registry.distributions import unmet
from rlef_core.registry.offers import answers
from rlef_core.registry.plugins import UNPACKAGED, PluginInfo
from rlef_core.registry.quarantine import QuarantineError, guard
from rlef_core.roles import Health


def health_of(plugin: PluginInfo, relay: pluggy.HookRelay) -> Iterator[Health]:
    """What its distribution requires and is not there, then what it reports."""
    yield from _unmet(plugin)
    if "rlef_report_health" in plugin.hooks:
        try:
            yield from answers(relay, "rlef_report_health", Health)
        except QuarantineError as error:
            yield _raised(plugin, plugin.name, error)


def probed(plugin: PluginInfo, finding: Health) -> Health:
    """What a finding's probe finds; the finding itself where it has none."""
    if finding.probe is None:
        return finding
    try:
        with guard(f"the probe of {finding.name!r}"):
            found = finding.probe()
            if isinstance(found, Health):
                return found
            raise QuarantineError(f"the probe of {finding.name!r} returned {found!r}, expected Health")
    except QuarantineError as error:
        return _raised(plugin, finding.name, error)


def _unmet(plugin: PluginInfo) -> Iterator[Health]:
    # The versions of rlef-core itself are looked at before a plugin is loaded.
    lines = [] if plugin.distribution == UNPACKAGED else metadata.requires(plugin.distribution) or []
    for line in lines:
        if reason := unmet(line):
            yield Health(f"requirement {line!r}", False, reason, f"run `pip install {line!r}`")


def _raised(plugin: PluginInfo, name: str, error: QuarantineError) -> Health:
    return Health(name, False, str(error), f"report it to the makers of {plugin.distribution}")
