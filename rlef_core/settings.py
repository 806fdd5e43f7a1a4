"""Declare the settings of a component: one attrs field with a help text that code can read at run time."""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any, NewType

import attrs

ByteSize = NewType("ByteSize", int)
"""A number of bytes; a spec and the command line accept `512MB`, `1GiB` or a plain integer."""


def setting(
    default: Any = attrs.NOTHING,
    *,
    help: str,
    unit: str | None = None,
    was: str | None = None,
    factory: Callable[[], Any] | None = None,
    validator: Any = None,
    resumable: bool = False,
) -> Any:
    """A field of a config class.

    `help` is one sentence shown by `plugins show`, `--help` and the reference; `unit` follows it in brackets; `was` is the
    field's former name, which a spec that still uses it is told about; `resumable` lets `resume --set` change it in the middle of a
    run. Without `default` or `factory` it is required.
    """
    metadata = {"help": help, "unit": unit, "was": was, "resumable": resumable}
    if factory is not None:
        return attrs.field(factory=factory, validator=validator, metadata=metadata)
    return attrs.field(default=default, validator=validator, metadata=metadata)


def positive(_: Any, attribute: "attrs.Attribute[Any]", value: Any) -> None:
    """Validator: the value (if not None) is above zero."""
    if value is not None and not value > 0:
        raise ValueError(f"{attribute.name} is {value!r}, expected a number above 0")


def not_negative(_: Any, attribute: "attrs.Attribute[Any]", value: Any) -> None:
    """Validator: the value (if not None) is zero or more."""
    if value is not None and not value >= 0:
        raise ValueError(f"{attribute.name} is {value!r}, expected 0 or more")


def share(_: Any, attribute: "attrs.Attribute[Any]", value: Any) -> None:
    """Validator: the value (if not None) lies between 0 and 1, both included."""
    if value is not None and not 0 <= value <= 1:
        raise ValueError(f"{attribute.name} is {value!r}, expected a number from 0 to 1")


def positive_share(_: Any, attribute: "attrs.Attribute[Any]", value: Any) -> None:
    """Validator: the value (if not None) is above 0 and at most 1."""
    if value is not None and not 0 < value <= 1:
        raise ValueError(f"{attribute.name} is {value!r}, expected a number above 0 and at most 1")


def one_of(*choices: str) -> Callable[[Any, "attrs.Attribute[Any]", Any], None]:
    """Validator: the value is one of `choices`."""
    return OneOf(choices)


@attrs.frozen
class OneOf:
    """The validator that `one_of` makes; `choices` can be read for a "did you mean"."""

    choices: tuple[str, ...]

    def __call__(self, _: Any, attribute: "attrs.Attribute[Any]", value: Any) -> None:
        if value not in self.choices:
            raise ValueError(f"{attribute.name} is {value!r}, expected one of {', '.join(map(repr, self.choices))}")


def parse_bytes(text: str) -> int:
    """The number of bytes that `512MB`, `1.5 GiB`, `64kb` or `4096` names; case means nothing. Raises ValueError."""
    match = _BYTES.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"found {text!r}, expected a number of bytes such as 4096, 512MB or 1GiB")
    number, prefix, binary = match.groups()
    power = " kmgt".index((prefix or " ").lower())
    return int(Decimal(number) * (1024 if binary else 1000) ** power)


_BYTES = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*(?:([kmgt])(i?))?b?", re.ASCII | re.IGNORECASE)
