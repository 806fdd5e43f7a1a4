"""`rlef-core plugins`: which plugins there are, what they offer, and each component's page."""

import json
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

import click
from packaging.utils import canonicalize_name

from rlef_core.cli.options import json_option, no_plugin_option
from rlef_core.cli.pages import component_page, language_page, model_page
from rlef_core.errors import ExitCode, Origin, PluginError, UsageError
from rlef_core.registry import PluginInfo, Registry, did_you_mean, discover


@click.group()
def command() -> None:
    """Show which plugins there are and what they offer."""


@command.command("list")
@json_option
@no_plugin_option
def list_plugins(as_json: bool, no_plugin: Sequence[str]) -> None:
    """List every plugin with what it offers; one that takes no part with the reason."""
    registry = discover(block=no_plugin)
    if as_json:
        click.echo(json.dumps(_as_json(registry), indent=2))
        return
    for plugin in registry.plugins:
        click.echo("\n".join(_entry(plugin, registry)))
    for conflict in registry.conflicts:
        click.echo(f"conflict: {conflict}")


@command.command("show")
@click.argument("name")
@no_plugin_option
def show(name: str, no_plugin: Sequence[str]) -> None:
    """Show all about NAME: a component, a language, a model that is made, a plugin or a distribution; in every role that has the name."""
    registry = discover(block=no_plugin)
    pages = list(_pages(name, registry))
    if not pages:
        raise PluginError(_nothing_named(name, registry))
    click.echo("\n\n".join(pages))


@command.command("check")
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@click.option("--without", multiple=True, metavar="PROMISE", help="Switch off a promise that no component here can make; repeatable.")
@click.option("--model", default="", metavar="PATH", help="The `model.path` that policies are built with; a small model is enough.")
@no_plugin_option
def check(names: Sequence[str], without: Sequence[str], model: str, no_plugin: Sequence[str]) -> None:
    """Run the conformance kit on the plugins NAME (an entry point or a distribution) and on all that they offer.

    Needs `rlef-core[testing]`. Each component is built from its example, in a folder of its own. The end shows what each promises: kept,
    broken or switched off; and what could not be checked. An executor that offers no isolation is not asked for any. Exit code 1: a check
    failed.
    """
    registry = discover(block=no_plugin)
    plugins = [plugin for name in names for plugin in _plugins_named(name, registry)]
    failed = _conform(plugins, registry, model, without)
    click.get_current_context().exit(ExitCode.NO if failed else ExitCode.OK)


def _plugins_named(name: str, registry: Registry) -> Iterator[PluginInfo]:
    found = [plugin for plugin in registry.plugins if _answers_to(plugin, name)]
    if not found:
        known = {word for plugin in registry.plugins for word in (plugin.name, plugin.distribution)}
        raise PluginError(f"{name!r} is no plugin or distribution{did_you_mean(name, known)}; `rlef-core plugins list` shows what there is")
    for plugin in found:
        if plugin.status != "loaded":
            raise PluginError(f"{plugin}; there is nothing to check until it loads")
        yield plugin


def _conform(plugins: Sequence[PluginInfo], registry: Registry, model: str, without: Sequence[str]) -> bool:
    try:
        kit = import_module("rlef_core.cli.conformance")
    except ModuleNotFoundError as error:
        if error.name not in ("pytest", "pytest_asyncio"):
            raise
        raise UsageError(f"`plugins check` needs {error.name}, which is not installed: run `pip install 'rlef-core[testing]'`") from error
    with TemporaryDirectory(prefix="rlef-core-check-") as folder:
        failed, unchecked = kit.run(plugins, kit.Workshop(registry, Path(folder), model, without))
    click.echo("".join(f"{line}\n" for line in unchecked), nl=False)
    return bool(failed)


def _entry(plugin: PluginInfo, registry: Registry) -> Iterator[str]:
    yield f"{plugin.name}  {plugin.distribution} {plugin.version}  {plugin.module}  {plugin.status}"
    if plugin.reason:
        yield f"    {plugin.reason}"
    for role, names in _names_by_role(plugin, registry).items():
        yield f"    {role:<10}{', '.join(names)}"


def _names_by_role(plugin: PluginInfo, registry: Registry) -> dict[str, list[str]]:
    names: dict[str, list[str]] = {}
    for origin in _origins(plugin, registry):
        names.setdefault(origin.role, []).append(origin.component)
    return names


def _origins(plugin: PluginInfo, registry: Registry) -> Sequence[Origin]:
    return [origin for origin in registry.origins if origin == plugin.origin(origin.role, origin.component)]


def _as_json(registry: Registry) -> dict[str, object]:
    plugins = [
        {
            "name": plugin.name,
            "distribution": plugin.distribution,
            "version": plugin.version,
            "module": plugin.module,
            "status": plugin.status,
            "reason": plugin.reason,
            "hooks": list(plugin.hooks),
            "offers": _names_by_role(plugin, registry),
        }
        for plugin in registry.plugins
    ]
    return {"schema_version": 1, "plugins": plugins, "conflicts": list(registry.conflicts)}


def _pages(name: str, registry: Registry) -> Iterator[str]:
    for offered in registry.offered:
        if offered.component.name == name:
            yield component_page(offered, _module(offered.origin, registry))
    for language in registry.offered_languages:
        if language.language.name == name:
            yield language_page(language, _module(language.origin, registry))
    for model in registry.offered_models:
        if model.model.name == name:
            yield model_page(model, _module(model.origin, registry))
    for plugin in registry.plugins:
        if _answers_to(plugin, name):
            yield "\n".join([*_entry(plugin, registry), f"    {'hooks':<10}{', '.join(plugin.hooks) or 'none'}"])


def _answers_to(plugin: PluginInfo, name: str) -> bool:
    return name == plugin.name or canonicalize_name(name) == canonicalize_name(plugin.distribution)


def _module(origin: Origin, registry: Registry) -> str:
    return next(plugin.module for plugin in registry.plugins if plugin.origin(origin.role, origin.component) == origin)


def _nothing_named(name: str, registry: Registry) -> str:
    components = {origin.component for origin in registry.origins}
    plugins = {word for plugin in registry.plugins for word in (plugin.name, plugin.distribution)}
    idle = "".join(f"; takes no part: {plugin}" for plugin in registry.plugins if plugin.status != "loaded")
    return (
        f"{name!r} is no component, language, plugin or distribution{did_you_mean(name, components | plugins)}{idle}"
        "; `rlef-core plugins list` shows what there is"
    )
