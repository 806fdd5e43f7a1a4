"""Put findings about this machine into lines and into JSON."""

from collections.abc import Iterator, Sequence
from typing import Any

from rlef_core.cli.columns import aligned
from rlef_core.registry import PluginInfo
from rlef_core.roles import Health


def finding_lines(findings: Sequence[Health]) -> Iterator[str]:
    """A line for each finding, its advice below it unless it works."""
    for line, finding in zip(aligned([(each.state, each.name, each.found) for each in findings]), findings, strict=True):
        yield f"  {line}"
        if finding.advice and not finding.works:
            yield f"      {finding.advice}"


def finding_as_json(plugin: PluginInfo, finding: Health) -> dict[str, Any]:
    """A finding with the plugin that it is of; `state` is `works`, `note` or `does not work`."""
    return {
        "plugin": plugin.name,
        "distribution": plugin.distribution,
        "version": plugin.version,
        "name": finding.name,
        "state": finding.state,
        "works": finding.works,
        "needed": finding.needed,
        "found": finding.found,
        "advice": finding.advice,
    }
