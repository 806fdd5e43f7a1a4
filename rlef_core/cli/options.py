"""Options that several commands share."""

from pathlib import Path

import click

no_plugin_option = click.option(
    "--no-plugin",
    "no_plugin",
    multiple=True,
    metavar="NAME",
    help="Leave out a plugin or a distribution; repeatable.",
)
"""Gives the command a `no_plugin: tuple[str, ...]`, to be added to the spec's `plugins: {block}`."""

set_option = click.option(
    "--set", "overrides", multiple=True, metavar="KEY.PATH=VALUE", help="Set a key of the spec; VALUE is YAML; repeatable."
)
"""Gives the command an `overrides: tuple[str, ...]` for `read_spec`."""

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
"""Gives the command an `as_json: bool`."""

trace_option = click.option(
    "--trace", type=click.Path(path_type=Path), metavar="FILE", help="Write a timeline of the run to FILE; ui.perfetto.dev opens it."
)
"""Gives the command a `trace: Path | None` for `traced`."""
