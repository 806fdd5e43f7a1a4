"""A registry of small components, a good spec made of them, and a way to show the faults of a bad one."""

from collections.abc import Callable, Collection, Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import Any, Literal

import attrs
import pytest
from click.testing import CliRunner, Result

from rlef_core.cli import main
from rlef_core.errors import Origin, SpecError, SpecFault
from rlef_core.metrics import Metric
from rlef_core.records import Language
from rlef_core.registry import Offered, PluginInfo, Registry
from rlef_core.registry.offers import OfferedLanguage
from rlef_core.roles import Executor, Offer, Ref, component
from rlef_core.settings import ByteSize, one_of, positive, setting
from rlef_core.spec import ALL, Plan, parse_spec, resolve

GOOD = """\
name: good
run: {directory: runs/good, seed: 7}
model: {path: some-model, max_length: 512}
tasks:
  train: {use: sums}
  evaluation: {use: sums, split: valid}
policy: {use: talker}
executor: {use: jail}
feedback: {use: plain}
rewards: [{use: solved}]
optimizer: {use: stepper, rate: 2e-7}
training: {updates: 12}
evaluation: {every: 4}
"""

LOCAL_PLUGIN = """
import attrs
from rlef_core import Health, Offer, component, hookimpl

@attrs.frozen
class Nothing:
    pass

def part(name, **offer):
    return component(name=name, summary="local", config=Nothing, build=lambda config, context: None, offers=lambda config: Offer(**offer))

@hookimpl
def rlef_report_health():
    return [Health("compiler", False, "not on PATH", "install gcc"), Health("disk", True, "3 GB free")]

@hookimpl
def rlef_register_policies():
    return [part("local-policy")]

@hookimpl
def rlef_register_executors():
    return [part("local-executor", isolation=("files",))]

@hookimpl
def rlef_register_feedback_formatters():
    return [part("local-feedback", warnings=("it says little",))]

@hookimpl
def rlef_register_rewards():
    return [part("local-reward")]

@hookimpl
def rlef_register_optimizers():
    return [part("local-optimizer", weight_schemes=("unchanged",))]

@hookimpl
def rlef_register_tasksets():
    return [part("local-tasks")]
"""
LOCAL_SPEC = """\
name: local
run: {directory: runs/local}
plugins: {load: [local_parts]}
tasks: {train: {use: local-tasks}}
policy: {use: local-policy}
executor: {use: local-executor}
feedback: {use: local-feedback}
rewards: [{use: local-reward}]
optimizer: {use: local-optimizer}
training: {updates: 1}
"""


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


@attrs.frozen
class Nothing:
    pass


@attrs.frozen
class JailConfig:
    depth: int = setting(1, help="how deep", validator=positive)


@attrs.frozen
class Nested:
    width: int = setting(help="how wide")


@attrs.frozen
class StepperConfig:
    """One field of every kind that a spec can hold."""

    rate: float = setting(0.1, help="step size", was="lr")
    mode: str = setting("fast", help="how", validator=one_of("fast", "slow"))
    level: Literal["low", "high"] = setting("low", help="how much")
    colour: Colour = setting(Colour.RED, help="which")
    memory: ByteSize = setting(ByteSize(1), help="memory")
    folder: Path | None = setting(None, help="where")
    flag: bool = setting(False, help="whether")
    words: tuple[str, ...] = setting((), help="words")
    pair: tuple[int, str] = setting((1, "a"), help="a pair")
    options: Mapping[str, int] = setting(factory=dict, help="options")
    nested: Nested | None = setting(None, help="nested settings")
    either: int | str = setting(1, help="a number or a word")
    inner: Ref[Executor] | None = setting(None, help="an executor inside")
    inners: tuple[Ref[Executor], ...] = setting((), help="executors inside")


def offered(
    role: str, name: str, config: type = Nothing, distribution: str = "acme-parts", metrics: Sequence[Metric] = (), **offer: Any
) -> Offered:
    made = component(
        name=name,
        summary="for tests",
        config=config,
        build=lambda config, context: (config, context),
        offers=lambda config: Offer(**offer),
        metrics=metrics,
    )
    return Offered(made, Origin(role, name, "parts", distribution, "1.2"))


WATCHED = tuple(Metric(f"optimizer/{name}", "", "for tests") for name in ("policy_loss", "entropy", "kl"))
PARTS = (
    offered("policy", "talker", weight_schemes=("memory", "file"), deterministic=True),
    offered("executor", "jail", JailConfig, isolation=("network", "files")),
    offered("feedback", "plain"),
    offered("feedback", "silent"),
    offered("reward", "solved"),
    offered("reward", "short", distribution="acme-more"),
    offered("optimizer", "stepper", StepperConfig, metrics=WATCHED, weight_schemes=("file", "memory"), warm_start=True),
    offered("taskset", "sums", languages=("lua",)),
)
LUA = OfferedLanguage(Language("lua", "main.lua", ("lua",), ()), Origin("language", "lua", "parts", "acme-parts", "1.2"))


class Bench:
    """Resolves specs against the parts above."""

    good = GOOD
    config = StepperConfig
    watched = WATCHED

    def swap(self, old: str, new: str) -> str:
        """The good spec with one piece of text replaced, which must occur once."""
        assert GOOD.count(old) == 1
        return GOOD.replace(old, new)

    def registry(self, *more: Offered) -> Registry:
        """The usual parts, and `more` in place of those of the same name."""
        parts = {(part.origin.role, part.origin.component): part for part in (*PARTS, *more)}
        plugin = PluginInfo("parts", "acme-parts", "1.2", "acme.parts")
        return Registry(plugins=(plugin,), offered=tuple(parts.values()), offered_languages=(LUA,))

    def plan(self, text: str, *overrides: str, registry: Registry | None = None, roles: Collection[str] = ALL) -> Plan:
        return resolve(parse_spec(text, "good.yaml", overrides), registry or self.registry(), roles)

    def faults(self, text: str, *overrides: str, registry: Registry | None = None, roles: Collection[str] = ALL) -> tuple[SpecFault, ...]:
        with pytest.raises(SpecError) as caught:
            self.plan(text, *overrides, registry=registry, roles=roles)
        return caught.value.faults

    def shown(self, text: str, *overrides: str, registry: Registry | None = None, roles: Collection[str] = ALL) -> str:
        """The faults of a spec, as a user sees them."""
        return "\n".join(map(str, self.faults(text, *overrides, registry=registry, roles=roles)))

    def offered(self, role: str, name: str, config: type = Nothing, **offer: Any) -> Offered:
        return offered(role, name, config, **offer)


@pytest.fixture(scope="session")
def bench() -> Bench:
    return Bench()


@pytest.fixture(scope="session")
def command_line() -> Callable[..., Result]:
    """`command_line("check", PATH)` runs rlef-core in this process."""
    return lambda *arguments: CliRunner().invoke(main, arguments)


@pytest.fixture
def local(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with a module `local_parts` on the path and a spec that loads it."""
    (tmp_path / "local_parts.py").write_text(LOCAL_PLUGIN)
    (tmp_path / "spec.yaml").write_text(LOCAL_SPEC)
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path / "spec.yaml"
