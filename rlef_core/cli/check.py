"""`rlef-core check`: is a spec right, what would it run, and can this machine run it."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import attrs
import click

from rlef_core.cli import check_memory
from rlef_core.cli.findings import finding_as_json
from rlef_core.cli.options import json_option, no_plugin_option, set_option
from rlef_core.errors import ExitCode, UsageError
from rlef_core.fit.machine import this_machine
from rlef_core.registry import PluginInfo, Registry
from rlef_core.roles import Health
from rlef_core.settings import parse_bytes
from rlef_core.spec import Plan, read_spec, registry_for, resolve


@click.command()
@click.argument("spec", type=click.Path(path_type=Path))
@set_option
@no_plugin_option
@click.option("--memory", is_flag=True, help="Also tell what each device will hold, and exit with 1 where it does not fit.")
@click.option("--device-memory", metavar="SIZE", help="With --memory: of every accelerator, for a machine that is not this one: 80GB.")
@click.option("--host-memory", metavar="SIZE", help="With --memory: of the host of such a machine.")
@json_option
@click.pass_context
def command(
    context: click.Context,
    spec: Path,
    overrides: Sequence[str],
    no_plugin: Sequence[str],
    memory: bool,
    device_memory: str | None,
    host_memory: str | None,
    as_json: bool,
) -> None:
    """Check SPEC and show its plan; nothing is run.

    All faults of the spec are shown at once, each with its place. Plugins that take no part are named on standard error.
    """
    sizes = _sizes(memory, device_memory=device_memory, host_memory=host_memory)
    read = read_spec(spec, overrides)
    registry = registry_for(read, no_plugin)
    for plugin in registry.quarantined:
        click.echo(f"warning: {plugin}", err=True)
    plan = resolve(read, registry)
    health = _health(plan, registry)
    found = None
    if memory:
        found = check_memory.fit(plan, registry, this_machine(*sizes), lambda changes: read_spec(spec, [*overrides, *changes]))
    if as_json:
        data = _as_json(plan, registry, health)
        click.echo(json.dumps(data if found is None else {**data, "memory": check_memory.as_json(found)}, indent=2))
    else:
        click.echo("\n".join([*_page(plan, health), *(check_memory.page(found) if found else ())]))
    if found is not None and not found.fits:
        context.exit(ExitCode.NO)


def _sizes(memory: bool, **given: str | None) -> list[int | None]:
    """Bytes of each size given. Raises UsageError for one that is no size, or has no effect."""
    found: list[int | None] = []
    for name, text in given.items():
        option = f"--{name.replace('_', '-')}"
        if text is not None and not memory:
            raise UsageError(f"{option} {text!r} has no effect without --memory; give that too")
        try:
            found.append(None if text is None else parse_bytes(text))
        except ValueError as error:
            raise UsageError(f"{option}: {error}") from error
    return found


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
