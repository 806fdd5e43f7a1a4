"""List the settings of a component as its page and the reference show them."""

import json
from collections.abc import Iterator
from enum import Enum
from typing import Any, get_args, get_origin, get_type_hints

import attrs
from attrs import frozen


@frozen
class SettingInfo:
    """One setting: its key (dotted where blocks nest), type and default as a spec writes them; `default` is None when it is required.

    `remark` follows the help in brackets: the unit, and whether `resume --set` takes it.
    """

    name: str
    type: str
    default: str | None
    unit: str | None
    help: str
    resumable: bool

    @property
    def remark(self) -> str:
        found = ", ".join(part for part in (self.unit, "may change on resume" if self.resumable else None) if part)
        return f" [{found}]" if found else ""


def settings_of(config: type, prefix: str = "", *, resumable: bool = False) -> Iterator[SettingInfo]:
    """The settings of a config class, in order; those of a nested attrs class follow their block, and are resumable if that is."""
    hints = get_type_hints(config)
    for attribute in attrs.fields(config):
        name = prefix + attribute.name
        kind = hints.get(attribute.name, Any)
        told = attribute.metadata
        changes = resumable or bool(told.get("resumable"))
        yield SettingInfo(name, type_name(kind), _default(attribute), told.get("unit"), told.get("help", ""), changes)
        if attrs.has(kind) and get_origin(kind) is None:
            yield from settings_of(kind, f"{name}.", resumable=changes)


def type_name(kind: Any) -> str:
    """A type as a reader writes it, without modules: `tuple[str, ...]`, `int | None`, `ByteSize`."""
    if kind is None or kind is type(None):
        return "null"
    if kind is Ellipsis:
        return "..."
    arguments = get_args(kind)
    if not arguments:
        return str(getattr(kind, "__name__", repr(kind)))
    origin = get_origin(kind)
    name = getattr(origin, "__name__", str(origin))
    if name in ("UnionType", "Union"):
        return " | ".join(map(type_name, arguments))
    if name == "Literal":
        return " | ".join(map(repr, arguments))
    return f"{name}[{', '.join(map(type_name, arguments))}]"


def spelled(value: Any) -> str:
    """A value as a spec writes it."""
    return json.dumps(value, default=_plain, ensure_ascii=False)


def _default(attribute: "attrs.Attribute[Any]") -> str | None:
    default: Any = attribute.default
    if default is attrs.NOTHING:
        return None
    # attrs has no public name for the class of a Factory's instances that type checkers accept.
    factory = getattr(default, "factory", None)
    if factory is None:
        return spelled(default)
    return "computed from the others" if default.takes_self else spelled(factory())


def _plain(value: Any) -> Any:
    if attrs.has(type(value)):
        return attrs.asdict(value)
    return value.value if isinstance(value, Enum) else str(value)
