"""Load the plugins for a command, and say on standard error which of them take no part."""

from collections.abc import Sequence

import click

from rlef_core.registry import Registry, discover


def load_plugins(no_plugin: Sequence[str], *, block: Sequence[str] = (), load: Sequence[str] = ()) -> Registry:
    """The registry without `no_plugin` and a spec's `block`, with the spec's `load`; a line for each quarantined plugin."""
    registry = discover(block=(*block, *no_plugin), load=load)
    for plugin in registry.quarantined:
        click.echo(f"warning: {plugin}", err=True)
    return registry
