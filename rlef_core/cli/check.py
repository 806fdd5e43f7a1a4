"""`rlef-core check`: is a spec right, what would it run, and can this machine run it."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import attrs
import click

from rlef_core.cli.findings import finding_as_json
from rlef_core.cli.options import json_option, no_plugin_option, set_option
from rlef_core.registry import PluginInfo, Registry
from rlef_core.roles import Health
from rlef_core.spec import Plan, read_spec, registry_for, resolve


@click.command()
@click.argument("spec", type=click.Path(path_type=Path))
@set_option
@no_plugin_option
@json_option
def command(spec: Path, overrides: Sequence[str], no_plugin: Sequence[str], as_json: bool) -> None:
    """Check SPEC and show its plan; nothing is run.

    All faults of the spec are shown at once, each with its place. Plugins that take no part are named on standard error.
    """
    read = read_spec(spec, overrides)
    registry = registry_for(read, no_plugin)
    for plugin in registry.quarantined:
        click.echo(f"warning: {plugin}", err=True)
    plan = resolve(read, registry)
    health = _health(plan, registry)
    click.echo(json.dumps(_as_json(plan, registry, health), indent=2) if as_json else "\n".join(_page(plan, health)))


def _health(plan: Plan, registry: Registry) -> list[tuple[PluginInfo, Health]]:
    """What the plugins that the plan uses find about this machine."""
    used = {(ref.origin.plugin, ref.origin.distribution) for ref in plan.components.values()}
    return [(plugin, health) for plugin, health in registry.health() if (plugin.name, plugin.distribution) in used]


def _page(plan: Plan, health: Sequence[tuple[PluginInfo, Health]]) -> Iterator[str]:
    yield f"{plan.name}: the spec is right (paths and models were not opened); a run writes to {plan.run.directory}"
    width = max(map(len, plan.components))
    for way, ref in plan.components.items():
        yield f"  {way:<{width}}  {ref.use}  ({ref.origin.distribution} {ref.origin.version})"
    yield f"  isolation: {', '.join(plan.isolation) or 'none'}"
    yield f"  weight scheme: {plan.scheme}"
    for plugin, finding in health:
        if not finding.works:
            advice = f"; {finding.advice}" if finding.advice else ""
            yield f"  {finding.state}: {finding.name} ({plugin.name}): {finding.found}{advice}"
    for note in plan.notes:
        yield f"  note: {note}"


def _as_json(plan: Plan, registry: Registry, health: Sequence[tuple[PluginInfo, Health]]) -> dict[str, Any]:
    return {
        **plan.to_json(),
        "digest": plan.digest(),
        "components": {way: attrs.asdict(ref.origin) for way, ref in plan.components.items()},
        "health": [finding_as_json(plugin, finding) for plugin, finding in health],
        "quarantined": list(map(str, registry.quarantined)),
    }
