"""Carry plain values (arguments and results of calls) as JSON without losing tuples, sets, bytes or non-string keys."""

import json
import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

MAX_DEPTH = 200
"""Nesting beyond this is refused, in both directions."""


class DataError(ValueError):
    """The text is not a value in this encoding, or the value has no encoding."""


def encode_value(value: object) -> bytes:
    """One line of ASCII JSON. Lists, strings, ints, finite floats, bools, None and dicts with string keys are plain JSON; tuples, sets,
    frozensets, bytes, complex numbers, other dicts and non-finite floats are an object with one key that starts with `$`.

    Raises DataError for anything else: a value is data or it is nothing, there is no fallback to a text form.
    """
    return json.dumps(_to_json(value, 0), ensure_ascii=True, allow_nan=False).encode("ascii")


def decode_value(text: bytes) -> Any:
    """The value that `encode_value` wrote. Raises DataError for anything else; never runs code."""
    try:
        return _from_json(json.loads(text), 0)
    except (ValueError, TypeError, RecursionError, KeyError) as error:
        raise DataError(f"not an encoded value: {text[:80]!r} ({error})") from error


def _to_json(value: object, depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise DataError(f"a value nested deeper than {MAX_DEPTH} levels")
    if value is None or isinstance(value, bool | str):
        return value
    for kind, encode in _ENCODERS:
        if isinstance(value, kind):
            return encode(value, depth + 1)
    raise DataError(f"a {type(value).__name__} is no plain data")


def _float_to_json(value: float, _: int) -> Any:
    return float(value) if math.isfinite(value) else {"$float": repr(float(value))}


def _dict_to_json(value: dict[Any, Any], depth: int) -> Any:
    if all(isinstance(key, str) and not key.startswith("$") for key in value):
        return {key: _to_json(item, depth) for key, item in value.items()}
    return {"$dict": [[_to_json(key, depth), _to_json(item, depth)] for key, item in value.items()]}


def _list_to_json(value: Iterable[Any], depth: int) -> list[Any]:
    return [_to_json(item, depth) for item in value]


_ENCODERS: tuple[tuple[type | tuple[type, ...], Callable[[Any, int], Any]], ...] = (
    (int, lambda value, _: int(value)),
    (float, _float_to_json),
    (complex, lambda value, depth: {"$complex": _list_to_json((value.real, value.imag), depth)}),
    ((bytes, bytearray), lambda value, _: {"$bytes": value.hex()}),
    (list, _list_to_json),
    (tuple, lambda value, depth: {"$tuple": _list_to_json(value, depth)}),
    ((set, frozenset), lambda value, depth: {"$set": sorted(_list_to_json(value, depth), key=json.dumps)}),
    (dict, _dict_to_json),
)


def _from_json(node: Any, depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise DataError(f"a value nested deeper than {MAX_DEPTH} levels")
    below = depth + 1
    if isinstance(node, list):
        return [_from_json(item, below) for item in node]
    if not isinstance(node, dict):
        return node
    if len(node) == 1 and (tag := next(iter(node))).startswith("$"):
        return _tagged(tag, node[tag], below)
    return {key: _from_json(item, below) for key, item in node.items()}


def _tagged(tag: str, body: Any, depth: int) -> Any:
    if tag not in _DECODERS:
        raise DataError(f"unknown tag {tag!r}")
    return _DECODERS[tag](body, depth)


def _list_from_json(body: Any, depth: int) -> list[Any]:
    return [_from_json(item, depth) for item in body]


class Opaque:
    """Stands for a returned object that is no plain data; equal to nothing, itself included. `text` names its type."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def __eq__(self, other: object) -> bool:
        return False

    __hash__ = None  # type: ignore[assignment]  # the documented way to make a class unhashable

    def __repr__(self) -> str:
        return f"<{self.text}>"


def _complex(real: float, imaginary: float) -> complex:
    return complex(real, imaginary)


def _hashable(value: Any) -> Any:
    # Inside a set or as a key only a frozenset can stand for a set; the two are equal.
    if isinstance(value, set):
        return frozenset(value)
    return tuple(map(_hashable, value)) if isinstance(value, tuple) else value


_DECODERS: Mapping[str, Callable[[Any, int], Any]] = {
    "$tuple": lambda body, depth: tuple(_list_from_json(body, depth)),
    "$set": lambda body, depth: set(map(_hashable, _list_from_json(body, depth))),
    "$bytes": lambda body, _: bytes.fromhex(body),
    "$float": lambda body, _: float(body),
    "$complex": lambda body, depth: _complex(*_list_from_json(body, depth)),
    "$dict": lambda body, depth: {_hashable(_from_json(key, depth)): _from_json(item, depth) for key, item in body},
    "$object": lambda body, _: Opaque(str(body)),
}
