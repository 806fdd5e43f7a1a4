"""`rlef-core doctor`: what of this machine works, what does not, and what to do."""

import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import metadata

import click

from rlef_core.cli.findings import finding_as_json, finding_lines
from rlef_core.cli.options import json_option, no_plugin_option
from rlef_core.errors import ExitCode
from rlef_core.registry import PluginInfo, Registry, discover, probed
from rlef_core.roles import Health


@click.command()
@click.option("--probe", is_flag=True, help="Really try what can be tried; may take a minute and start processes.")
@no_plugin_option
@json_option
def command(probe: bool, no_plugin: Sequence[str], as_json: bool) -> None:
    """Tell what of this machine works, what does not, and what to do; by plugin.

    A note is about something that is not needed, or could be better. Exit code 1 when something that is needed does not work.

    With --json: an array with an object for each finding, of the keys plugin, distribution, version, name, state ("works", "note" or
    "does not work"), works, needed, found, advice.
    """
    registry = discover(block=no_plugin)
    told = []
    for plugin, reported in _by_plugin(registry):
        findings = [_tried(plugin, finding) for finding in reported] if probe else reported
        told += [(plugin, finding) for finding in findings]
        if not as_json:
            click.echo("\n".join([f"{plugin.name} ({plugin.distribution} {plugin.version})", *finding_lines(findings)]))
    click.echo(json.dumps([finding_as_json(*each) for each in told], indent=2) if as_json else _summary(told, probe))
    failed = any(finding.needed and not finding.works for _, finding in told)
    click.get_current_context().exit(ExitCode.NO if failed else ExitCode.OK)


def _by_plugin(registry: Registry) -> Iterator[tuple[PluginInfo, Sequence[Health]]]:
    """What concerns all plugins, then each plugin with what it reports."""
    yield PluginInfo("rlef-core", "rlef-core", metadata.version("rlef-core"), "rlef_core"), list(_of_all(registry))
    health = registry.health()
    for plugin in registry.plugins:
        yield plugin, [_taking_part(plugin), *(finding for reporter, finding in health if reporter == plugin)]


def _of_all(registry: Registry) -> Iterator[Health]:
    loaded = [plugin.name for plugin in registry.plugins if plugin.status == "loaded"]
    yield Health("plugins", True, f"{len(loaded)} of {len(registry.plugins)} loaded: {', '.join(loaded)}")
    isolating = [offered.component.name for offered in registry.isolating_executors()]
    advice = "install or mend an executor that isolates; without one, the programs of a model can do what you can do"
    yield Health("isolation", bool(isolating), f"by {', '.join(isolating)}" if isolating else "no executor isolates", advice, needed=False)
    for conflict in registry.conflicts:
        yield Health("conflict", False, conflict, needed=False)


def _taking_part(plugin: PluginInfo) -> Health:
    if plugin.status == "loaded":
        return Health("plugin", True, f"loaded from {plugin.module}")
    if plugin.status == "blocked":
        return Health("plugin", False, f"left out: {plugin.reason}", needed=False)
    advice = (
        f"mend it or install another version, or leave it out: `plugins: {{block: [{plugin.name}]}}` in the spec, --no-plugin {plugin.name}"
    )
    return Health("plugin", False, f"{plugin.status}: {plugin.reason}", advice)


def _tried(plugin: PluginInfo, finding: Health) -> Health:
    if finding.probe is None:
        return finding
    click.echo(f"trying {finding.name} ({plugin.name})", err=True)
    with _apart():
        return probed(plugin, finding)


@contextmanager
def _apart() -> Iterator[None]:
    """Send what processes print that a probe starts to standard error: standard output may be read as JSON."""
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)


def _summary(told: Sequence[tuple[PluginInfo, Health]], probe: bool) -> str:
    failed = [f"{finding.name} ({plugin.name})" for plugin, finding in told if finding.needed and not finding.works]
    notes = sum(finding.state == "note" for _, finding in told)
    untried = 0 if probe else sum(finding.probe is not None for _, finding in told)
    outcome = f"does not work: {', '.join(failed)}" if failed else "all that is needed works"
    rest = [f"notes: {notes}"] if notes else []
    return "; ".join([outcome, *rest, *([f"only looked at, not tried: {untried} (--probe tries)"] if untried else [])])
