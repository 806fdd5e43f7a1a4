"""Apply `--set key.path=value` to a spec that was read."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import attrs

from rlef_core.errors import SpecError, SpecFault
from rlef_core.spec.tree import Keys, Place, Spec


def apply_override(spec: Spec, override: str, parse: Callable[[str, str], Any]) -> Spec:
    """The spec with one value replaced or added; blocks on the way are made when they are not there.

    A list's item is named by its index, from 0. `parse(text, file)` reads the value. Raises SpecError, located as `--set key.path`.
    """
    path, equals, text = override.partition("=")
    keys = path.strip().split(".")
    file = f"--set {path.strip()}"
    if not equals or not all(keys):
        raise SpecError([SpecFault(f"found {override!r}, expected key.path=value", "--set")])
    value = parse(text, file)
    data = deepcopy(dict(spec.data))
    at = _put(data, keys, value, file)
    place = Place(file)
    places = {name: _without(getattr(spec, name), at) for name in ("keys", "values")}
    below = dict.fromkeys((*_ways(at), *_ways_below(at, value)), place)
    return attrs.evolve(spec, data=data, keys=below | places["keys"], values=below | places["values"])


def _put(data: dict[str, Any], keys: list[str], value: Any, file: str) -> Keys:
    """Put `value` into `data` in place; the way to it, with indices as numbers."""
    inside: Any = data
    at: Keys = ()
    for depth, key in enumerate(keys):
        step = _step(inside, key, ".".join(keys[:depth]), file)
        at = (*at, step)
        if depth == len(keys) - 1:
            inside[step] = value
        elif isinstance(inside, dict) and inside.get(key) is None:
            inside[step] = {}
        inside = inside[step]
    return at


def _step(inside: Any, key: str, path: str, file: str) -> str | int:
    if isinstance(inside, dict):
        return key
    if not isinstance(inside, list):
        raise SpecError([SpecFault(f"{path!r} is {inside!r}, expected a mapping or a list to set {key!r} in", file)])
    if not (key.isascii() and key.isdigit() and int(key) < len(inside)):
        raise SpecError([SpecFault(f"{path!r} is a list of {len(inside)}, expected an index from 0, found {key!r}", file)])
    return int(key)


def _without(places: dict[Keys, Place], at: Keys) -> dict[Keys, Place]:
    return {keys: place for keys, place in places.items() if keys[: len(at)] != at}


def _ways(at: Keys) -> list[Keys]:
    return [at[:length] for length in range(1, len(at) + 1)]


def _ways_below(at: Keys, value: Any) -> list[Keys]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [way for key, inner in items for way in ((*at, key), *_ways_below((*at, key), inner))]
