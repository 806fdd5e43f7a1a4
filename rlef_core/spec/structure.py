"""Turn plain data into typed settings, strictly: nothing is coerced but an int to a float, and every misfit is found at once."""

from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from math import isfinite
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import attrs
from cattrs import Converter

from rlef_core.registry import did_you_mean
from rlef_core.settings import ByteSize, parse_bytes
from rlef_core.spec.misfits import Misfit, MisfitError, choice, misfit, shown


def strict_converter() -> Converter:
    """A converter whose `structure` takes what was read of a spec and raises MisfitError, never anything else, for what does not fit."""
    converter = Converter()
    for type_, word in ((bool, "true or false"), (int, "a whole number"), (str, "text")):
        converter.register_structure_hook(type_, _exactly(type_, word))
    converter.register_structure_hook(float, _number)
    converter.register_structure_hook(Path, _path)
    converter.register_structure_hook_func(_is_byte_size, _byte_size)
    converter.register_structure_hook_func(_is_literal, _literal)
    converter.register_structure_hook_func(lambda type_: isinstance(type_, type) and issubclass(type_, Enum), _enum)
    for matches, structure in ((_is_sequence, _sequence), (_is_mapping, _mapping), (_is_union, _union), (attrs.has, structure_class)):
        converter.register_structure_hook_func(matches, _with(converter, structure))
    return converter


def structure_class(converter: Converter, value: Any, cls: Any, also: Sequence[str] = ()) -> Any:
    """An object of an attrs class from a mapping; `also` names keys that were read apart and so may be meant by a wrong one."""
    if not isinstance(value, dict):
        raise misfit(f"found {shown(value)}, expected a mapping")
    fields = {attribute.alias: attribute for attribute in attrs.fields(cls) if attribute.init}
    types = get_type_hints(cls)
    misfits = [unknown_key(key, list(fields.values()), also) for key in value if key not in fields]
    given = {}
    for key, attribute in fields.items():
        if key in value:
            try:
                given[key] = _field(converter, value[key], types[attribute.name], attribute)
            except MisfitError as error:
                misfits += error.below(key)
        elif attribute.default is attrs.NOTHING:
            misfits.append(Misfit(f"lacks {key!r} ({attribute.metadata.get('help', 'required')})", on_key=True))
    if misfits:
        raise MisfitError(misfits)
    try:
        return cls(**given)
    except (TypeError, ValueError) as error:  # a check of the whole class, in its __attrs_post_init__
        raise MisfitError([Misfit(str(error), on_key=True)]) from error


def unknown_key(key: str, fields: Sequence["attrs.Attribute[Any]"], also: Sequence[str]) -> Misfit:
    """What is wrong with a key that names no field: it was renamed, or misspelt."""
    for attribute in fields:
        if attribute.metadata.get("was") == key:
            return Misfit(f"{key!r} is now called {attribute.alias!r}", (key,), on_key=True)
    known = [*also, *(str(attribute.alias) for attribute in fields)]
    hint = did_you_mean(key, known) or f", expected {choice(known)}"
    return Misfit(f"unknown key {key!r}{hint}", (key,), on_key=True)


def _field(converter: Converter, value: Any, type_: Any, attribute: "attrs.Attribute[Any]") -> Any:
    structured = converter.structure(value, type_)
    if attribute.validator is None:
        return structured
    try:
        attribute.validator(None, attribute, structured)
    except (TypeError, ValueError) as error:
        choices = getattr(attribute.validator, "choices", ())
        near = did_you_mean(structured, choices) if isinstance(structured, str) else ""
        raise misfit(f"{error}{near}") from error
    except AttributeError:
        pass  # a validator that looks at the other fields; it runs when the object is made
    return structured


def _with(converter: Converter, structure: Callable[[Converter, Any, Any], Any]) -> Callable[[Any, Any], Any]:
    return lambda value, type_: structure(converter, value, type_)


def _exactly(type_: type, word: str) -> Callable[[Any, Any], Any]:
    def structure(value: Any, _: Any) -> Any:
        if type(value) is not type_:
            raise misfit(f"found {shown(value)}, expected {word}")
        return value

    return structure


def _number(value: Any, _: Any) -> float:
    if type(value) not in {int, float} or not isfinite(value):
        raise misfit(f"found {shown(value)}, expected a number")
    return float(value)


def _path(value: Any, _: Any) -> Path:
    if not isinstance(value, str) or not value:
        raise misfit(f"found {shown(value)}, expected a path")
    return Path(value).expanduser()


def _is_byte_size(type_: Any) -> bool:
    return type_ is ByteSize


def _byte_size(value: Any, _: Any) -> ByteSize:
    if type(value) is int:
        return ByteSize(value)
    if not isinstance(value, str):
        raise misfit(f"found {shown(value)}, expected a number of bytes such as 4096, 512MB or 1GiB")
    try:
        return ByteSize(parse_bytes(value))
    except ValueError as error:
        raise misfit(str(error)) from error


def _is_literal(type_: Any) -> bool:
    return get_origin(type_) is Literal


def _literal(value: Any, type_: Any) -> Any:
    allowed = get_args(type_)
    if any(type(value) is type(word) and value == word for word in allowed):
        return value
    raise misfit(_not_allowed(value, allowed))


def _enum(value: Any, type_: type[Enum]) -> Enum:
    for member in type_:
        if type(value) is type(member.value) and value == member.value:
            return member
    raise misfit(_not_allowed(value, [member.value for member in type_]))


def _not_allowed(value: Any, allowed: Sequence[Any]) -> str:
    near = did_you_mean(value, filter(lambda word: isinstance(word, str), allowed)) if isinstance(value, str) else ""
    return f"found {shown(value)}, expected {choice(allowed)}{near}"


def _is_sequence(type_: Any) -> bool:
    origin = get_origin(type_)
    return isinstance(origin, type) and issubclass(origin, Sequence)


def _sequence(converter: Converter, value: Any, type_: Any) -> Any:
    """A tuple (or a list, where the type says so) of items; `tuple[int, str]` holds exactly two."""
    if not isinstance(value, list):
        raise misfit(f"found {shown(value)}, expected a list")
    types = get_args(type_)
    if get_origin(type_) is not tuple or types[-1] is Ellipsis:
        types = (types[0],) * len(value)
    if len(types) != len(value):
        raise misfit(f"found a list of {len(value)}, expected {len(types)} items")
    items = _each(converter, enumerate(value), types)
    return list(items) if get_origin(type_) is list else tuple(items)


def _is_mapping(type_: Any) -> bool:
    origin = get_origin(type_)
    return isinstance(origin, type) and issubclass(origin, Mapping)


def _mapping(converter: Converter, value: Any, type_: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise misfit(f"found {shown(value)}, expected a mapping")
    return dict(zip(value, _each(converter, value.items(), (get_args(type_)[1],) * len(value)), strict=True))


def _each(converter: Converter, items: Any, types: Sequence[Any]) -> list[Any]:
    structured: list[Any] = []
    misfits: list[Misfit] = []
    for (key, item), type_ in zip(items, types, strict=True):
        try:
            structured.append(converter.structure(item, type_))
        except MisfitError as error:
            misfits += error.below(key)
    if misfits:
        raise MisfitError(misfits)
    return structured


def _is_union(type_: Any) -> bool:
    return get_origin(type_) in {Union, UnionType}


def _union(converter: Converter, value: Any, type_: Any) -> Any:
    """The first member that takes the value. When none does: the misfits inside of it where one looked inside, else what all expected."""
    members = [member for member in get_args(type_) if member is not NoneType]
    if value is None and len(members) < len(get_args(type_)):
        return None
    errors = []
    for member in members:
        try:
            return converter.structure(value, member)
        except MisfitError as error:
            errors.append(error)
    inside = [error for error in errors if any(each.at or each.on_key for each in error.misfits)]
    if inside or len(errors) == 1:
        raise (inside or errors)[0]
    expected = " or ".join(error.misfits[0].message.partition("expected ")[2] for error in errors)
    raise misfit(f"found {shown(value)}, expected {expected}")
