"""Load the plugins that may take part, each under guard, into a registry."""

from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec

import pluggy
from attrs import Factory, evolve, frozen

from rlef_core.errors import PluginError
from rlef_core.misses import did_you_mean
from rlef_core.registry.distributions import Candidate, installed
from rlef_core.registry.offers import (
    Offered,
    OfferedBenchmark,
    OfferedLanguage,
    OfferedModel,
    benchmarks_of,
    components_of,
    languages_of,
    models_of,
)
from rlef_core.registry.plugins import UNPACKAGED, PluginInfo
from rlef_core.registry.quarantine import QuarantineError, guard
from rlef_core.registry.registry import Registry
from rlef_core.registry.wiring import implemented, wire


def discover(*, block: Sequence[str] = (), load: Sequence[str] = ()) -> Registry:
    """Every installed plugin and every module of `load`, except those that `block` names by plugin or distribution.

    A plugin that cannot be used is in `Registry.quarantined`, with the reason. Raises PluginError when `block` names nothing that is
    there, or `load` a module that is missing or blocked: an option never goes without effect silently.
    """
    candidates = [*installed(), *map(_local, load)]
    _check_block(candidates, block, load)
    loaded = [_load(candidate, block) for candidate in candidates]
    return Registry(
        plugins=tuple(plugin.info for plugin in loaded),
        offered=tuple(offered for plugin in loaded for offered in plugin.components),
        offered_languages=tuple(offered for plugin in loaded for offered in plugin.languages),
        offered_models=tuple(offered for plugin in loaded for offered in plugin.models),
        offered_benchmarks=tuple(offered for plugin in loaded for offered in plugin.benchmarks),
        relays=tuple((plugin.info, plugin.relay) for plugin in loaded if plugin.relay is not None),
    )


@frozen
class _Plugin:
    info: PluginInfo
    components: tuple[Offered, ...] = ()
    languages: tuple[OfferedLanguage, ...] = ()
    models: tuple[OfferedModel, ...] = ()
    benchmarks: tuple[OfferedBenchmark, ...] = ()
    relay: pluggy.HookRelay | None = Factory(lambda: None)


def _local(module: str) -> Candidate:
    if not _exists(module):
        raise PluginError(
            f"plugins.load names module {module!r}, which cannot be found; expected an importable module (is it on PYTHONPATH?)"
        )
    return Candidate(PluginInfo(module, UNPACKAGED, "0", module), lambda: import_module(module))


def _exists(module: str) -> bool:
    if not all(word.isidentifier() for word in module.split(".")):
        return False
    try:
        with guard(f"looking for {module}"):
            return find_spec(module) is not None
    except QuarantineError as error:
        # A parent package that raises for another reason is there but broken; loading the module will say so.
        cause = error.__cause__
        return not (isinstance(cause, ModuleNotFoundError) and f"{module}.".startswith(f"{cause.name}."))


def _check_block(candidates: Sequence[Candidate], block: Sequence[str], load: Sequence[str]) -> None:
    for name in block:
        if not any(candidate.answers_to(name) for candidate in candidates):
            known = sorted({word for candidate in candidates for word in (candidate.info.name, candidate.info.distribution)})
            raise PluginError(
                f"plugins.block (or --no-plugin) names {name!r}, which is no installed plugin or distribution{did_you_mean(name, known)}"
                f"; installed: {', '.join(map(repr, known))}"
            )
    both = sorted(set(block) & set(load))
    if both:
        raise PluginError(f"plugins.load and plugins.block both name {', '.join(map(repr, both))}; take it out of one")


def _load(candidate: Candidate, block: Sequence[str]) -> _Plugin:
    if any(candidate.answers_to(name) for name in block):
        return _Plugin(evolve(candidate.info, status="blocked", reason="named by plugins.block or --no-plugin"))
    if candidate.info.status != "loaded":
        return _Plugin(candidate.info)
    try:
        return _import(candidate)
    except QuarantineError as error:
        return _Plugin(evolve(candidate.info, status="broken", reason=str(error)))


def _import(candidate: Candidate) -> _Plugin:
    with guard(f"importing {candidate.info.module}"):
        relay = wire(candidate.info.name, candidate.load())
    info = evolve(candidate.info, hooks=implemented(relay))
    return _Plugin(
        info=info,
        components=components_of(info, relay),
        languages=languages_of(info, relay),
        models=models_of(info, relay),
        benchmarks=benchmarks_of(info, relay),
        relay=relay,
    )
