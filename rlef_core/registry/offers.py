"""Ask a plugin what it offers, and a component what it would do with its default config."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

import pluggy
from attrs import NOTHING, fields, frozen

from rlef_core.errors import Origin, PluginError
from rlef_core.goals import Benchmark, Goal
from rlef_core.records import Language
from rlef_core.registry.plugins import PluginInfo
from rlef_core.registry.quarantine import QuarantineError, guard
from rlef_core.roles import ROLES, Component, MadeModel, Offer, check_config, check_name

ItemT = TypeVar("ItemT")

REGISTER_HOOKS: Mapping[str, str] = {
    "policy": "rlef_register_policies",
    "executor": "rlef_register_executors",
    "feedback": "rlef_register_feedback_formatters",
    "reward": "rlef_register_rewards",
    "optimizer": "rlef_register_optimizers",
    "taskset": "rlef_register_tasksets",
    "checker": "rlef_register_checkers",
}
"""The hook that asks for a role's components."""

LANGUAGE_HOOK = "rlef_register_languages"
MODEL_HOOK = "rlef_register_models"
BENCHMARK_HOOK = "rlef_register_benchmarks"


@frozen
class Offered:
    """A component and where it comes from."""

    component: Component[Any]
    origin: Origin


@frozen
class OfferedLanguage:
    """A language and where it comes from; `origin.role` is `language`."""

    language: Language
    origin: Origin


@frozen
class OfferedModel:
    """A model that is made on first use, and where it comes from; `origin.role` is `model`."""

    model: MadeModel
    origin: Origin


@frozen
class OfferedBenchmark:
    """What a plugin adds to the bench of a role: baselines with where they come from, and goals."""

    role: str
    baselines: tuple[Offered, ...]
    goals: tuple[Goal, ...]
    beside: tuple[str, ...] = ()


def components_of(info: PluginInfo, relay: pluggy.HookRelay) -> tuple[Offered, ...]:
    """Every component of a plugin. Raises QuarantineError when a register hook raises, also late, or returns something else."""
    return tuple(
        Offered(component, info.origin(role, component.name))
        for role, hook in REGISTER_HOOKS.items()
        for component in _checked_components(hook, answers(relay, hook, Component))
    )


def languages_of(info: PluginInfo, relay: pluggy.HookRelay) -> tuple[OfferedLanguage, ...]:
    """Every language of a plugin. Raises QuarantineError like `components_of`."""
    languages = answers(relay, LANGUAGE_HOOK, Language)
    if not all(isinstance(language.name, str) and language.name for language in languages):
        raise QuarantineError(f"{LANGUAGE_HOOK} offered a language without a name, expected a word")
    _refuse_twins(LANGUAGE_HOOK, [language.name for language in languages])
    return tuple(OfferedLanguage(language, info.origin("language", language.name)) for language in languages)


def models_of(info: PluginInfo, relay: pluggy.HookRelay) -> tuple[OfferedModel, ...]:
    """Every model that a plugin makes. Raises QuarantineError like `components_of`."""
    models = answers(relay, MODEL_HOOK, MadeModel)
    _refuse_twins(MODEL_HOOK, [model.name for model in models])
    return tuple(OfferedModel(model, info.origin("model", model.name)) for model in models)


def benchmarks_of(info: PluginInfo, relay: pluggy.HookRelay) -> tuple[OfferedBenchmark, ...]:
    """Every benchmark of a plugin. Raises QuarantineError like `components_of`."""
    benchmarks = answers(relay, BENCHMARK_HOOK, Benchmark)
    for benchmark in benchmarks:
        if benchmark.role not in ROLES:
            raise QuarantineError(f"{BENCHMARK_HOOK} offered one for {benchmark.role!r}, expected one of {', '.join(map(repr, ROLES))}")
    return tuple(_offered_benchmark(info, benchmark) for benchmark in benchmarks)


def answers(relay: pluggy.HookRelay, hook: str, kind: type[ItemT]) -> list[ItemT]:
    """What one plugin's function returns for a hook, iterated to its end under guard. Raises QuarantineError unless all are of `kind`."""
    caller = getattr(relay, hook)
    with guard(hook):
        returned = caller()
        if len(returned) != sum(not (impl.wrapper or impl.hookwrapper) for impl in caller.get_hookimpls()):
            raise QuarantineError(f"{hook} returned None, expected an iterable of {kind.__name__}")
        return [item for iterable in returned for item in _checked_items(hook, iterable, kind)]


def usual_offer(offered: Offered) -> Offer | None:
    """What a component would do with its default config, or with its example where a field is required; None when it has neither."""
    component = offered.component
    required = any(attribute.default is NOTHING for attribute in fields(component.config))
    make = component.example if required else component.config
    if make is None:
        return None
    try:
        with guard("its usual config"):
            config = make()
    except QuarantineError as error:
        return _unavailable(offered, error)
    return offer_of(offered, config)


def offer_of(offered: Offered, config: Any) -> Offer:
    """What a component would do with `config`. Never raises: one that cannot tell is unavailable, and the offer says why."""
    try:
        with guard("offers"):
            offer = offered.component.offers(config)
            if isinstance(offer, Offer):
                return offer
            raise QuarantineError(f"offers returned {offer!r}, expected rlef_core.Offer")
    except QuarantineError as error:
        return _unavailable(offered, error)


def usual_config(offered: Offered) -> Any:
    """A component's default config. Raises PluginError when it has required keys."""
    try:
        return offered.component.config()
    except TypeError as error:
        raise PluginError(f"{offered.origin} cannot be used without a spec: its config has required keys ({error})") from error


def _unavailable(offered: Offered, error: QuarantineError) -> Offer:
    return Offer(unavailable=f"{offered.origin} cannot tell what it offers: {error}")


def _checked_items(hook: str, iterable: Any, kind: type[ItemT]) -> Iterable[ItemT]:
    if not isinstance(iterable, Iterable):
        raise QuarantineError(f"{hook} returned {iterable!r}, expected an iterable of {kind.__name__}")
    for item in iterable:
        if not isinstance(item, kind):
            raise QuarantineError(f"{hook} offered {item!r}, expected {kind.__name__}")
        yield item


def _checked_components(hook: str, components: Sequence[Component[Any]]) -> Sequence[Component[Any]]:
    with guard(hook):
        for component in components:
            check_name(component.name)
            check_config(component.name, component.config)
    _refuse_twins(hook, [component.name for component in components])
    return components


def _offered_benchmark(info: PluginInfo, benchmark: Benchmark) -> OfferedBenchmark:
    components = _checked_components(BENCHMARK_HOOK, benchmark.baselines)
    baselines = tuple(Offered(component, info.origin(benchmark.role, component.name)) for component in components)
    return OfferedBenchmark(benchmark.role, baselines, benchmark.goals, benchmark.beside)


def _refuse_twins(hook: str, names: Sequence[str]) -> None:
    twins = sorted({name for name in names if names.count(name) > 1})
    if twins:
        raise QuarantineError(f"{hook} offered {', '.join(map(repr, twins))} more than once, expected one of each name")
