"""The public API is what tests/api.txt says, until someone changes it on purpose: `make api` writes the file anew."""

import difflib
import enum
import inspect
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NewType, get_args, get_origin

import attrs

import rlef_core
from rlef_core import hookspecs

SNAPSHOT = Path(__file__).with_name("api.txt")


def api() -> str:
    """Every public name and every hook with its signature, a line each."""
    public = [line for name in rlef_core.__all__ for line in entry(name, getattr(rlef_core, name))]
    hooks = [
        f"hook {name}{signature(hook)}" for name, hook in sorted(vars(hookspecs).items()) if name.startswith("rlef_") and callable(hook)
    ]
    return "\n".join([*public, *hooks]) + "\n"


def entry(name: str, thing: Any) -> Iterator[str]:
    if inspect.isclass(thing):
        bases = ", ".join(spelled(base) for base in thing.__bases__ if base is not object)
        yield f"class {name}({bases})" if bases else f"class {name}"
        yield from (f"    {line}" for line in members(thing))
    elif inspect.isfunction(thing):
        yield f"def {name}{signature(thing)}"
    elif isinstance(thing, NewType):
        yield f"{name} = NewType({spelled(thing.__supertype__)})"
    elif get_origin(thing) or isinstance(thing, types.UnionType):
        yield f"{name} = {spelled(thing)}"
    else:
        yield f"{name}: {type(thing).__name__}"


def members(kind: type) -> Iterator[str]:
    if issubclass(kind, enum.Enum):
        yield from (f"{member.name} = {member.value!r}" for member in kind)
    if attrs.has(kind):
        yield from (f"{field.name}: {spelled(field.type)}{default(field)}" for field in attrs.fields(kind))
    if issubclass(kind, rlef_core.RlefError) and "__init__" in vars(kind):
        yield f"def __init__{signature(kind.__init__)}"
    for name, member in sorted(vars(kind).items()):
        if not name.startswith("_"):
            yield from behaviour(name, member)


def behaviour(name: str, member: Any) -> Iterator[str]:
    if isinstance(member, property):
        yield f"property {name}{signature(member.fget)}"
    elif isinstance(member, classmethod | staticmethod):
        yield f"{type(member).__name__} {name}{signature(member.__func__)}"
    elif inspect.isfunction(member):
        yield f"{'async def' if inspect.iscoroutinefunction(member) else 'def'} {name}{signature(member)}"
    elif name == "exit_code" and isinstance(member, rlef_core.ExitCode):
        yield f"exit_code = {member.name}"


def signature(function: Any) -> str:
    found = inspect.signature(function)
    parts, starred = [], False
    for parameter in found.parameters.values():
        if parameter.kind is parameter.KEYWORD_ONLY and not starred:
            parts.append("*")
            starred = True
        starred = starred or parameter.kind is parameter.VAR_POSITIONAL
        parts.append(spelled_parameter(parameter))
    result = "" if found.return_annotation is found.empty else f" -> {spelled(found.return_annotation)}"
    return f"({', '.join(parts)}){result}"


def spelled_parameter(parameter: inspect.Parameter) -> str:
    stars = {parameter.VAR_POSITIONAL: "*", parameter.VAR_KEYWORD: "**"}.get(parameter.kind, "")
    annotation = "" if parameter.annotation is parameter.empty else f": {spelled(parameter.annotation)}"
    return f"{stars}{parameter.name}{annotation}{'' if parameter.default is parameter.empty else f' = {value(parameter.default)}'}"


def default(field: "attrs.Attribute[Any]") -> str:
    if field.default is attrs.NOTHING:
        return ""
    factory = getattr(field.default, "factory", None)
    return f" = {value(field.default)}" if factory is None else f" = {value(factory)}()"


def value(thing: Any) -> str:
    if thing is attrs.NOTHING:
        return "NOTHING"
    if isinstance(thing, enum.Enum):
        return str(thing)
    return str(thing.__name__) if callable(thing) else repr(thing)


def spelled(kind: Any) -> str:
    """A type without its modules, alike on every Python."""
    if isinstance(kind, str):
        return kind
    if kind is None or kind is type(None):
        return "None"
    if kind is Ellipsis:
        return "..."
    if isinstance(kind, list):
        return f"[{', '.join(map(spelled, kind))}]"
    arguments = get_args(kind)
    if not arguments:
        return str(getattr(kind, "__name__", kind))
    name = getattr(get_origin(kind), "__name__", str(get_origin(kind)))
    if name in ("UnionType", "Union"):
        return " | ".join(map(spelled, arguments))
    return f"{name}[{', '.join(map(repr if name == 'Literal' else spelled, arguments))}]"


def test_the_public_api_is_the_one_of_the_snapshot():
    frozen, now = SNAPSHOT.read_text(encoding="utf-8"), api()
    difference = difflib.unified_diff(frozen.splitlines(), now.splitlines(), "tests/api.txt", "the code", lineterm="", n=2)
    assert now == frozen, "\n".join(["the public API changed; `make api` accepts it (and CHANGELOG.md says so):", *difference])


def test_the_public_names_are_sorted_and_all_there():
    assert rlef_core.__all__ == sorted(rlef_core.__all__)
    assert all(hasattr(rlef_core, name) for name in rlef_core.__all__)


def test_no_entry_of_the_snapshot_depends_on_the_machine_or_the_moment():
    assert " at 0x" not in api()
    assert str(Path.home()) not in api()


if __name__ == "__main__":
    SNAPSHOT.write_text(api(), encoding="utf-8")
