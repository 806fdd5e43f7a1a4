"""Checkers `exact`, `tokens` and `floats`: what counts as the right output.

The value of a call is compared as data: by Python's `==` under `exact` and `tokens`, number by number under `floats`.
"""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from attrs import frozen

from rlef_core import CallCase, Case, Checker, Component, DataError, RunTrusted, component, decode_value, not_negative, setting

LONGEST_NUMBER = 400
"""Characters beyond which a token is no number: a double never needs more, and reading longer ones takes its time."""

TOLERANCE = 1e-5
_SEPARATORS = re.compile(rb"[ \n\t\r\v]+")
_INTEGER = re.compile(rb"[+-]?[0-9]+")
_NUMBER = re.compile(rb"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")


@frozen
class ExactConfig:
    """`exact` has no settings."""


@frozen
class TokensConfig:
    """Settings of `tokens`."""

    strict: bool = setting(False, help="compare whole numbers as whole numbers, not as doubles within the tolerance")


@frozen
class FloatsConfig:
    """Settings of `floats`."""

    absolute: float = setting(1e-6, help="largest difference of two numbers", validator=not_negative)
    relative: float = setting(1e-6, help="largest difference as a share of the expected number", validator=not_negative)


class Exact:
    """The same bytes; a newline at the very end may be missing or too many."""

    async def check(self, case: Case, output: bytes, run: RunTrusted) -> bool:
        if isinstance(case, CallCase):
            return _same_value(case.value, output)
        return output.removesuffix(b"\n") == _expected(case).removesuffix(b"\n")


@frozen
class Tokens:
    """The matcher of DeepMind's CodeContests: tokens between blanks, the same but for the case of ASCII letters or numbers within 1e-5.

    As there, whole numbers are read as doubles too, so that 5 equals 5.000009 and numbers beyond 2**53 compare loosely, unless `strict`.
    NaN equals nothing, also not itself, and infinities are equal as text only.
    """

    strict: bool = False

    async def check(self, case: Case, output: bytes, run: RunTrusted) -> bool:
        if isinstance(case, CallCase):
            return _same_value(case.value, output)
        found, expected = _tokens(output), _tokens(_expected(case))
        return len(found) == len(expected) and all(map(self._same, found, expected))

    def _same(self, found: bytes, expected: bytes) -> bool:
        if b"nan" in (found.lstrip(b"+-"), expected.lstrip(b"+-")):
            return False
        if found == expected:
            return True
        if self.strict and _INTEGER.fullmatch(found) and _INTEGER.fullmatch(expected):
            return _digits(found) == _digits(expected)
        numbers = _number(found), _number(expected)
        return None not in numbers and abs(numbers[0] - numbers[1]) < TOLERANCE  # type: ignore[operator]  # neither is None


@frozen
class Floats:
    """Tokens between blanks: numbers within the absolute or the relative tolerance, everything else the same text."""

    absolute: float
    relative: float

    async def check(self, case: Case, output: bytes, run: RunTrusted) -> bool:
        if isinstance(case, CallCase):
            value = _decoded(output)
            return value is not _NOTHING and self._same_value(case.value, value)
        found, expected = _SEPARATORS.split(output.strip()), _SEPARATORS.split(_expected(case).strip())
        return len(found) == len(expected) and all(map(self._same, expected, found))

    def _same(self, expected: bytes, found: bytes) -> bool:
        wanted, got = _number(expected), _number(found)
        if wanted is None or got is None:
            return expected == found
        return self._near(wanted, got)

    def _near(self, expected: float, found: float) -> bool:
        # Equal infinities are near; a NaN is near to nothing.
        return expected == found or abs(expected - found) <= max(self.absolute, self.relative * abs(expected)) < math.inf

    def _same_value(self, expected: Any, found: Any) -> bool:
        if _is_number(expected) and _is_number(found):
            try:
                return self._near(float(expected), float(found))
            except OverflowError:
                return bool(expected == found)
        if isinstance(expected, list | tuple) and type(expected) is type(found):
            return len(expected) == len(found) and all(map(self._same_value, expected, found))
        if isinstance(expected, Mapping) and isinstance(found, Mapping):
            return expected.keys() == found.keys() and all(self._same_value(value, found[key]) for key, value in expected.items())
        return bool(expected == found)


_NOTHING = object()


def _same_value(expected: Any, output: bytes) -> bool:
    value = _decoded(output)
    return value is not _NOTHING and bool(expected == value)


def _decoded(output: bytes) -> Any:
    try:
        return decode_value(output)
    except DataError:
        return _NOTHING


def _expected(case: Case) -> bytes:
    return getattr(case, "output", "").encode("utf-8", "surrogateescape")


def _tokens(text: bytes) -> Sequence[bytes]:
    return [token for token in _SEPARATORS.split(text.lower()) if token]


def _number(token: bytes) -> float | None:
    if len(token) > LONGEST_NUMBER or not _NUMBER.fullmatch(token):
        return None
    return float(token)


def _digits(token: bytes) -> tuple[bool, bytes]:
    digits = token.lstrip(b"+-").lstrip(b"0")
    return token.startswith(b"-") and bool(digits), digits


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _component(name: str, summary: str, config: type, make: Any) -> Component[Checker]:
    return component(name=name, summary=summary, config=config, build=lambda config, context: make(config), example=config)


COMPONENTS: tuple[Component[Checker], ...] = (
    _component("exact", "the same bytes, up to one final newline", ExactConfig, lambda config: Exact()),
    _component(
        "tokens", "the same tokens; numbers within 1e-5, letters in either case", TokensConfig, lambda config: Tokens(config.strict)
    ),
    _component(
        "floats",
        "the same tokens; numbers within an absolute or relative tolerance",
        FloatsConfig,
        lambda config: Floats(config.absolute, config.relative),
    ),
)
