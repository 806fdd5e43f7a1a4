"""Write a suite of checks that any component of a role must pass, and let an author switch off only what is a declared promise.

A suite declares its promises, each with one line of text, and marks the checks that prove one:

    class EchoSuite(Suite):
        keeps_case: bool = promise("letters come back in the case they were sent")

        @pytest.fixture
        def echo(self) -> Echo:
            raise NotImplementedError(self.fixture_wanted("echo", "the Echo to check"))

        async def test_every_word_comes_back(self, echo: Echo) -> None:  # no promise: every component must pass it
            assert (await echo.say("a b")).split() == ["a", "b"]

        @needs("keeps_case")
        async def test_capitals_stay_capitals(self, echo: Echo) -> None:
            assert await echo.say("Ab") == "Ab"

An author subclasses it, writes the fixture and switches off what the component cannot promise:

    class TestShouter(EchoSuite):
        keeps_case = False

        @pytest.fixture
        def echo(self) -> Echo:
            return Shouter()

At the end of its run pytest prints each class's promises: kept, broken, excused or switched off. A check cannot be replaced in silence:
redefining one without `@pytest.mark.xfail(reason="...")` is a TypeError, like any boolean attribute that is no promise. Checks may be
coroutines, under any mode of pytest-asyncio. A suite may be composed of several: `class ExecutorSuite(Results, Limits): ...`.
"""

import inspect
from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any, ClassVar, TypeVar

import pytest
from attrs import frozen

from rlef_core.testing.table import PromiseTable

CheckT = TypeVar("CheckT", bound=Callable[..., Any])


@frozen
class Promise:
    """One line of text: what a component keeps unless its author switched it off."""

    text: str


def promise(text: str) -> Any:
    """Declare a promise: an attribute of a suite that is True until a subclass sets it to False."""
    return Promise(text)


def needs(name: str) -> Callable[[CheckT], CheckT]:
    """Mark a check as one that proves the promise `name`; where the promise is switched off, the check is not collected."""

    def mark(check: CheckT) -> CheckT:
        check.needs = name  # type: ignore[attr-defined]  # functions take attributes
        return check

    return mark


class Suite:
    """What all suites share. `promises` holds the text of each promise by name, `checks` every check by name, as the suite defined it."""

    promises: ClassVar[Mapping[str, str]] = MappingProxyType({})
    checks: ClassVar[Mapping[str, Callable[..., Any]]] = MappingProxyType({})

    def __init_subclass__(cls, **arguments: Any) -> None:
        super().__init_subclass__(**arguments)
        bases = [base for base in cls.__bases__ if issubclass(base, Suite)]
        _declare_promises(cls, bases)
        _declare_checks(cls, bases)
        _switch(cls)

    @classmethod
    def promised(cls, name: str) -> bool:
        """The promise of this name is not switched off."""
        return getattr(cls, name) is True

    @classmethod
    def fixture_wanted(cls, fixture: str, what: str) -> str:
        """The message of a suite's own fixture, which stands in until an author writes it."""
        return (
            f"{cls.__name__} has no fixture {fixture!r}, expected one that returns {what}: write `@pytest.fixture def {fixture}(self): ...`"
        )

    @pytest.fixture(autouse=True)
    def _promises_are_printed(self, request: pytest.FixtureRequest) -> None:
        PromiseTable.join(request.config, Suite)


class _SwitchedOff:
    """Stands where a check stood whose promise is switched off; pytest collects only what can be called."""


_SWITCHED_OFF = _SwitchedOff()


def _declare_promises(cls: type[Suite], bases: list[type[Suite]]) -> None:
    inherited = {name: text for base in bases for name, text in base.promises.items()}
    declared = {name: value.text for name, value in vars(cls).items() if isinstance(value, Promise)}
    for name in declared:
        if name in inherited:
            raise TypeError(f"{cls.__name__} declares the promise {name!r} again, expected each promise once")
        setattr(cls, name, True)
    cls.promises = MappingProxyType({**inherited, **declared})
    for name, value in vars(cls).items():
        _check_attribute(cls, name, value)


def _check_attribute(cls: type[Suite], name: str, value: Any) -> None:
    if name in cls.promises:
        if not isinstance(value, bool):
            raise TypeError(f"{cls.__name__}.{name} is {value!r}, expected True or False: it is the promise that {cls.promises[name]}")
        return
    near = get_close_matches(name, cls.promises, n=1, cutoff=0.8)
    if not name.startswith("_") and (isinstance(value, bool) or (near and not callable(value))):
        meant = f" (did you mean {near[0]!r}?)" if near else ""
        known = ", ".join(cls.promises) or "none"
        raise TypeError(f"{cls.__name__}.{name} = {value!r} is no promise of this suite{meant}, expected one of: {known}")


def _declare_checks(cls: type[Suite], bases: list[type[Suite]]) -> None:
    inherited = {name: check for base in bases for name, check in base.checks.items()}
    for name, original in inherited.items():
        found = inspect.getattr_static(cls, name)
        if found is not original and found is not _SWITCHED_OFF:
            _check_excuse(cls, name, found, original)
    own = {name: value for name, value in vars(cls).items() if name.startswith("test_") and name not in inherited}
    for name, check in own.items():
        promise_name = getattr(check, "needs", None)
        if promise_name is not None and promise_name not in cls.promises:
            raise TypeError(f"{cls.__name__}.{name} needs {promise_name!r}, which is no promise of this suite: {', '.join(cls.promises)}")
    for check in _coroutines(cls):
        pytest.mark.asyncio(loop_scope="function")(check)
    cls.checks = MappingProxyType({**inherited, **own})


def _check_excuse(cls: type[Suite], name: str, found: Any, original: Any) -> None:
    marks = [mark for mark in getattr(found, "pytestmark", ()) if mark.name == "xfail"]
    reasons = [str(mark.kwargs.get("reason", "")).strip() for mark in marks]
    if not any(reasons):
        raise TypeError(
            f"{cls.__name__} replaces the check {name!r}; a check is replaced only with @pytest.mark.xfail(reason=...) that says why, "
            "and what a component cannot promise is switched off by its promise"
        )
    if (promise_name := getattr(original, "needs", None)) is not None:
        found.needs = promise_name


def _coroutines(cls: type[Suite]) -> Iterator[Any]:
    for name, value in vars(cls).items():
        if name.startswith("test_") and inspect.iscoroutinefunction(value):
            yield value


def _switch(cls: type[Suite]) -> None:
    for name, check in cls.checks.items():
        promise_name = getattr(check, "needs", None)
        if promise_name is None:
            continue
        if not cls.promised(promise_name):
            setattr(cls, name, _SWITCHED_OFF)
        elif inspect.getattr_static(cls, name) is _SWITCHED_OFF:
            setattr(cls, name, check)
