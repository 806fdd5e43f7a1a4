"""Make suites of an installed plugin and each of its components, built as a run would build them."""

import asyncio
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from attrs import Factory, frozen

from rlef_core.errors import ComponentError, Interrupted, RlefError, UsageError
from rlef_core.metrics import Meter
from rlef_core.misses import did_you_mean
from rlef_core.records import ModelSpec
from rlef_core.registry import Offered, PluginInfo, Registry, offer_of, usual_offer
from rlef_core.roles import Offer, Ref
from rlef_core.spec import Builder, Plan
from rlef_core.spec.blocks import SpecBlock, TrainingBlock
from rlef_core.testing import (
    ISOLATION,
    CheckerSuite,
    ExecutorSuite,
    FeedbackSuite,
    PluginSuite,
    PolicySubject,
    PolicySuite,
    RewardSuite,
    Suite,
    TasksetSuite,
    run_suites,
)

LONGEST_CONVERSATION = 256
"""Tokens of a conversation with a policy; longer ones would only take longer."""

SUITES: Mapping[str, tuple[type[Suite], str]] = {
    "policy": (PolicySuite, "subject"),
    "executor": (ExecutorSuite, "executor"),
    "feedback": (FeedbackSuite, "formatter"),
    "reward": (RewardSuite, "reward"),
    "taskset": (TasksetSuite, "taskset"),
    "checker": (CheckerSuite, "checker"),
}
"""The suite of each role that a config alone is enough for, and the fixture that it wants."""

BY_HAND: Mapping[str, str] = {
    "optimizer": "its suite needs to know how its weights are read: subclass rlef_core.testing.OptimizerSuite",
    "language": "its suite needs programs of it: subclass rlef_core.testing.LanguageSuite",
    "model": "it is made on first use, which may take long: give it as --model, or a spec's model.path",
}
OF_A_TRAINER = ("matches_trainer", "greedy", "nucleus")
OF_A_MODEL = ("samples", "seeded", "ends_turns")


def run(plugins: Sequence[PluginInfo], workshop: "Workshop") -> tuple[Collection[str], list[str]]:
    """Run all suites of the plugins; pytest prints them. Returns the failed checks, and a line for each component without a suite."""
    found = [workshop.conformance(plugin) for plugin in plugins]
    outcomes = run_suites([suite for each in found for suite in each.suites], ["-q", "--tb=short"])
    if outcomes.exit_code == pytest.ExitCode.INTERRUPTED:
        raise Interrupted("the checks were interrupted")
    if outcomes.exit_code not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        raise RlefError(f"pytest ended with exit code {outcomes.exit_code}, expected 0 or 1: see what it printed")
    return outcomes.failed, [line for each in found for line in each.unchecked]


@frozen
class Conformance:
    """The suites to run; `unchecked` says of each component without one why."""

    suites: list[type[Suite]] = Factory(list)
    unchecked: list[str] = Factory(list)


@frozen
class Workshop:
    """Where components are built for their checks. `without` are the promises that the user switched off."""

    registry: Registry
    directory: Path
    model: str = ""
    without: Collection[str] = ()

    def conformance(self, plugin: PluginInfo) -> Conformance:
        """The suites of a plugin and of what it offers. Raises UsageError for a promise to switch off that no suite knows."""
        self._check_without()
        found = Conformance([self._suite_of_plugin(plugin)])
        for origin in self.registry.origins:
            if origin != plugin.origin(origin.role, origin.component):
                continue
            try:
                found.suites.append(self._suite(origin.role, origin.component))
            except _UncheckedError as reason:
                found.unchecked.append(f"{origin.role} {origin.component!r} is not checked: {reason}")
        return found

    def build(self, offered: Offered, config: Any) -> Any:
        """The component, in a context like that of a run. Raises ComponentError."""
        training = TrainingBlock(updates=1, episodes_per_collection=2, sequences_per_update=2)
        model = ModelSpec(self.model, max_length=LONGEST_CONVERSATION)
        plan = Plan(SpecBlock(name="check", model=model, training=training))
        builder = Builder(plan, self.registry, self.directory, Meter(self.registry.metrics))
        return builder.build(Ref(offered.origin.role, offered.component.name, config, offered.origin))

    def _suite_of_plugin(self, plugin: PluginInfo) -> type[Suite]:
        offered = [each for each in self.registry.offered if each.origin.plugin == plugin.name]
        lacking = any(usual_offer(each) is None for each in offered)
        return self._made(f"plugin {plugin.name}", PluginSuite, "plugin", lambda: plugin.name, ["has_examples"] if lacking else [])

    def _suite(self, role: str, name: str) -> type[Suite]:
        if role in BY_HAND:
            raise _UncheckedError(BY_HAND[role])
        offered = self.registry.find(role, name)
        config = _config(offered)
        offer = offer_of(offered, config)
        if offer.unavailable:
            raise _UncheckedError(f"it cannot run here: {offer.unavailable}")
        self._try(offered, config)
        suite, fixture = SUITES[role]
        made = self._subject(offered, config) if role == "policy" else lambda: self.build(offered, config)
        return self._made(f"{role} {name}", suite, fixture, made, [*_not_promised(role, offer)])

    def _subject(self, offered: Offered, config: Any) -> Callable[[], PolicySubject]:
        return lambda: PolicySubject(lambda: self.build(offered, config), LONGEST_CONVERSATION)

    def _try(self, offered: Offered, config: Any) -> None:
        """Build it once. What it explains itself, such as a model that it lacks, is no fault of it; anything else is for its checks."""
        try:
            built = self.build(offered, config)
        except ComponentError as error:
            if isinstance(error.__cause__, RlefError):
                raise _UncheckedError(f"its example cannot be built: {error.__cause__}") from error
            return
        if close := getattr(built, "close", None):
            asyncio.run(close())

    def _made(self, title: str, suite: type[Suite], fixture: str, make: Callable[[], Any], off: Collection[str]) -> type[Suite]:
        def give(_: Any) -> Any:
            return make()

        give.__name__ = fixture
        switched = {name: False for name in suite.promises if name in {*off, *self.without}}
        return type(title, (suite,), {fixture: pytest.fixture(give), **switched})

    def _check_without(self) -> None:
        suites: list[type[Suite]] = [PluginSuite, *(suite for suite, _ in SUITES.values())]
        known = {name for suite in suites for name in suite.promises}
        for name in self.without:
            if name not in known:
                raise UsageError(f"--without names {name!r}, which no suite promises{did_you_mean(name, known)}")


class _UncheckedError(Exception):
    """Why a component has no suite here."""


def _config(offered: Offered) -> Any:
    component = offered.component
    if component.example is not None:
        return component.example()
    if usual_offer(offered) is None:
        raise _UncheckedError("it has required settings and no example()")
    return component.config()


def _not_promised(role: str, offer: Offer) -> Iterator[str]:
    """What a component that offers this does not promise."""
    if role == "executor" and not offer.isolation:
        yield from ISOLATION
    if role == "policy":
        yield from OF_A_TRAINER
        if not offer.trainable:
            yield from OF_A_MODEL
