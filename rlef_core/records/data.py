"""Carry plain values (arguments and results of calls) as JSON without losing tuples, sets, bytes or non-string keys."""

import json
import math
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
    below = depth + 1
    match value:
        case None | bool() | str():
            return value
        case int():
            return int(value)
        case float():
            return float(value) if math.isfinite(value) else {"$float": repr(float(value))}
        case complex():
            return {"$complex": [_to_json(value.real, below), _to_json(value.imag, below)]}
        case bytes() | bytearray():
            return {"$bytes": value.hex()}
        case list():
            return [_to_json(item, below) for item in value]
        case tuple():
            return {"$tuple": [_to_json(item, below) for item in value]}
        case set() | frozenset():
            return {"$set": sorted((_to_json(item, below) for item in value), key=json.dumps)}
        case dict():
            return _dict_to_json(value, below)
    raise DataError(f"a {type(value).__name__} is no plain data")


def _dict_to_json(value: dict[Any, Any], depth: int) -> Any:
    if all(isinstance(key, str) and not key.startswith("$") for key in value):
        return {key: _to_json(item, depth) for key, item in value.items()}
    return {"$dict": [[_to_json(key, depth), _to_json(item, depth)] for key, item in value.items()]}


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
    match tag:
        case "$tuple":
            return tuple(_from_json(item, depth) for item in body)
        case "$set":
            return {_from_json(item, depth) for item in body}
        case "$bytes":
            return bytes.fromhex(body)
        case "$float":
            return float(body)
        case "$complex":
            real, imaginary = (_from_json(part, depth) for part in body)
            return complex(real, imaginary)
        case "$dict":
            return {_from_json(key, depth): _from_json(item, depth) for key, item in body}
        case "$object":
            return Opaque(str(body))
    raise DataError(f"unknown tag {tag!r}")


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
