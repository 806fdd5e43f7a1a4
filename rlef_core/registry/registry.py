"""Look up components and languages by name; an error says what there is and what to do."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import pluggy
from attrs import frozen

from rlef_core.errors import Origin, PluginError
from rlef_core.goals import Goal
from rlef_core.metrics import CORE_METRICS, Metric
from rlef_core.records import Language
from rlef_core.registry import messages
from rlef_core.registry.health import health_of
from rlef_core.registry.offers import Offered, OfferedBenchmark, OfferedLanguage, OfferedModel, usual_offer
from rlef_core.registry.plugins import PluginInfo
from rlef_core.registry.requirements import check_requirements
from rlef_core.registry.wiring import HOOKS
from rlef_core.roles import Health

OfferedT = TypeVar("OfferedT", Offered, OfferedLanguage, OfferedModel)


@frozen
class Registry:
    """What the plugins of this process offer. Made by `discover`."""

    plugins: tuple[PluginInfo, ...] = ()
    offered: tuple[Offered, ...] = ()
    offered_languages: tuple[OfferedLanguage, ...] = ()
    offered_models: tuple[OfferedModel, ...] = ()
    offered_benchmarks: tuple[OfferedBenchmark, ...] = ()
    relays: tuple[tuple[PluginInfo, pluggy.HookRelay], ...] = ()

    @property
    def quarantined(self) -> tuple[PluginInfo, ...]:
        """The plugins that are broken or incompatible; `str()` of each is a line for the user."""
        return tuple(plugin for plugin in self.plugins if plugin.status in ("broken", "incompatible"))

    @property
    def origins(self) -> tuple[Origin, ...]:
        """Where each component, language and model comes from; the role of the latter two is `language` and `model`."""
        offered: tuple[Offered | OfferedLanguage | OfferedModel, ...] = (*self.offered, *self.offered_languages, *self.offered_models)
        return tuple(each.origin for each in offered)

    @property
    def conflicts(self) -> tuple[str, ...]:
        """One message for each name that several plugins offer in one role; it harms only who uses the name."""
        by_name: dict[tuple[str, str], list[Origin]] = {}
        for origin in self.origins:
            by_name.setdefault((origin.role, origin.component), []).append(origin)
        return tuple(messages.conflict(origins) for origins in by_name.values() if len(origins) > 1)

    def names(self, role: str) -> tuple[str, ...]:
        """The names offered for a role, sorted."""
        return tuple(sorted({offered.origin.component for offered in self.offered if offered.origin.role == role}))

    def find(self, role: str, name: str) -> Offered:
        """The component of this name. Raises PluginError when there is none, or when two plugins offer one."""
        return self._only(role, name, self.offered)

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """The table of metrics: the core's, then those that components declare."""
        return (*CORE_METRICS, *(metric for offered in self.offered for metric in offered.component.metrics))

    @property
    def languages(self) -> Mapping[str, Language]:
        """The languages by name, without those that two plugins offer."""
        names = [offered.language.name for offered in self.offered_languages]
        return {offered.language.name: offered.language for offered in self.offered_languages if names.count(offered.language.name) == 1}

    def language(self, name: str) -> Language:
        """The language of this name. Raises PluginError like `find`."""
        return self._only("language", name, self.offered_languages).language

    def language_origin(self, name: str) -> Origin:
        """Where a language comes from. Raises PluginError like `find`."""
        return self._only("language", name, self.offered_languages).origin

    def model(self, name: str) -> OfferedModel:
        """The model of this name, which a plugin makes. Raises PluginError like `find`."""
        return self._only("model", name, self.offered_models)

    def isolating_executors(self) -> tuple[Offered, ...]:
        """The executors that isolate something with their usual config and can run here."""
        return tuple(offered for offered in self._executors() if _isolates(offered))

    def default_executor(self, choose: str = "executor: {use: NAME}") -> Offered:
        """The one executor that isolates. Raises PluginError that shows the choice, and how to `choose`, when there is none, or several."""
        isolating = self.isolating_executors()
        if len(isolating) != 1:
            raise PluginError(messages.no_default_executor(isolating, self._executors(), choose))
        return self.find("executor", isolating[0].origin.component)

    def baselines(self, role: str, beside: str | None = None) -> tuple[Offered, ...]:
        """What the plugins offer to measure components of a role beside; with `beside`, only what is meant for that component."""
        benchmarks = [benchmark for benchmark in self.offered_benchmarks if benchmark.role == role]
        meant = [each for each in benchmarks if beside is None or not each.beside or beside in each.beside]
        return tuple(offered for benchmark in meant for offered in benchmark.baselines)

    def goals(self, role: str, component: str) -> tuple[Goal, ...]:
        """What the plugins hold a component to."""
        goals = (goal for benchmark in self.offered_benchmarks if benchmark.role == role for goal in benchmark.goals)
        return tuple(goal for goal in goals if goal.component == component)

    def require(self, requirements: Sequence[str]) -> None:
        """Raise PluginError that names every distribution which is missing, too old, or takes no part here."""
        check_requirements(requirements, self.plugins)

    def lifecycle(self, hook: str) -> tuple[tuple[PluginInfo, Callable[..., Any]], ...]:
        """Each plugin's function for a hook, in the order of `plugins`; called with keywords. Raises ValueError for an unknown hook."""
        if hook not in HOOKS:
            raise ValueError(f"{hook!r} is no hook, expected one of {', '.join(HOOKS)}")
        return tuple((plugin, getattr(relay, hook)) for plugin, relay in self.relays if hook in plugin.hooks)

    def health(self) -> tuple[tuple[PluginInfo, Health], ...]:
        """What the plugins find about this machine; a report that raises is itself a finding."""
        return tuple((plugin, health) for plugin, relay in self.relays for health in health_of(plugin, relay))

    def _executors(self) -> tuple[Offered, ...]:
        return tuple(offered for offered in self.offered if offered.origin.role == "executor")

    def _only(self, role: str, name: str, choices: Sequence[OfferedT]) -> OfferedT:
        found = [offered for offered in choices if (offered.origin.role, offered.origin.component) == (role, name)]
        if not found:
            raise PluginError(messages.unknown(role, name, self.origins, self.plugins))
        if len(found) > 1:
            raise PluginError(messages.conflict([offered.origin for offered in found]))
        return found[0]


def _isolates(offered: Offered) -> bool:
    offer = usual_offer(offered)
    return offer is not None and bool(offer.isolation) and offer.unavailable is None
