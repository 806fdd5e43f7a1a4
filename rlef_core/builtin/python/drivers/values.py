"""Read and write the encoding of `rlef_core.encode_value` without the json module, whose import doubles the time of a start."""

from __future__ import annotations

import _json
from collections.abc import Iterable
from typing import Any

DEPTH = 200


class _Rules:
    """What the scanner asks for."""

    strict = True
    object_pairs_hook = None
    parse_float = float
    parse_int = int
    parse_constant = float

    @staticmethod
    def object_hook(node: dict[str, Any]) -> Any:
        """The value of a tagged object."""
        if len(node) != 1:
            return node
        ((tag, body),) = node.items()
        return _TAGS[tag](body) if tag in _TAGS else node


def _hashable(value: Any) -> Any:
    # Inside a set or as a key only a frozenset can stand for a set; the two are equal.
    if isinstance(value, set):
        return frozenset(value)
    return tuple([_hashable(item) for item in value]) if isinstance(value, tuple) else value


_TAGS: dict[str, Any] = {
    "$tuple": tuple,
    "$set": lambda items: {_hashable(item) for item in items},
    "$bytes": bytes.fromhex,
    "$float": float,
    "$complex": lambda parts: complex(*parts),
    "$dict": lambda items: {_hashable(key): item for key, item in items},
}


def decode(text: str) -> Any:
    """The value that `encode_value` wrote."""
    scan: Any = _json.make_scanner
    return scan(_Rules)(text, 0)[0]


def encode(value: object) -> str:
    """As `encode_value`; an object that is no plain data is told by its type's name only."""
    try:
        return _text(value, 0)
    except ValueError:  # too deep, or an integer that has too many digits
        return _opaque(value)


def _text(value: Any, depth: int) -> str:
    if depth > DEPTH:
        raise ValueError
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, str):
        return _json.encode_basestring_ascii(value)
    if isinstance(value, int):
        return int.__repr__(value)
    if isinstance(value, float):
        text = float.__repr__(value)
        return _tag("$float", f'"{text}"') if text in ("inf", "-inf", "nan") else text
    return _tagged(value, depth + 1)


def _tagged(value: Any, depth: int) -> str:
    if isinstance(value, complex):
        return _tag("$complex", _list([_text(value.real, depth), _text(value.imag, depth)]))
    if isinstance(value, (bytes, bytearray)):
        return _tag("$bytes", f'"{value.hex()}"')
    return _collection(value, depth)


def _collection(value: Any, depth: int) -> str:
    if isinstance(value, dict):
        return _dict(value, depth)
    if not isinstance(value, (list, tuple, set, frozenset)):
        return _opaque(value)
    items = [_text(item, depth) for item in value]
    if isinstance(value, (set, frozenset)):
        items.sort()
    if isinstance(value, list):
        return _list(items)
    return _tag("$tuple" if isinstance(value, tuple) else "$set", _list(items))


def _dict(value: dict[Any, Any], depth: int) -> str:
    items = [(_text(key, depth), _text(item, depth)) for key, item in value.items()]
    if all(isinstance(key, str) and not key.startswith("$") for key in value):
        return "{" + ", ".join([f"{key}: {item}" for key, item in items]) + "}"
    return _tag("$dict", _list(map(_list, items)))


def _opaque(value: object) -> str:
    return _tag("$object", _json.encode_basestring_ascii(type(value).__name__))


def _list(items: Iterable[str]) -> str:
    return "[" + ", ".join(items) + "]"


def _tag(tag: str, body: str) -> str:
    return '{"' + tag + '": ' + body + "}"
