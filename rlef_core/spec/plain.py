"""Turn settings into the data that a spec could hold, say which of them a resumed run may change, and how two of them differ."""

from collections.abc import Iterator, Mapping
from enum import Enum
from pathlib import Path
from typing import Any

import attrs

from rlef_core.roles import Ref
from rlef_core.spec.blocks import TasksRef, WeightedReward


def plain(value: Any, *, lasting: bool = False) -> Any:
    """Settings as data that JSON can hold and a spec could hold; with `lasting`, without those that are `resumable`."""
    if isinstance(value, Ref):
        return {"use": value.use, **plain(value.config, lasting=lasting)}
    if attrs.has(type(value)):
        fields = [field for field in attrs.fields(type(value)) if field.init and not (lasting and field.metadata.get("resumable"))]
        held = {field.alias: plain(getattr(value, field.name), lasting=lasting) for field in fields}
        # an entry of `tasks` or an item of `rewards` stands in the spec as the keys of its component and its own
        return held.pop("ref") | held if isinstance(value, TasksRef | WeightedReward) else held
    if isinstance(value, Mapping):
        return {key: plain(item, lasting=lasting) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [plain(item, lasting=lasting) for item in value]
    if isinstance(value, Enum):
        return value.value
    return str(value) if isinstance(value, Path) else value


def resumable(value: Any, way: str = "") -> Iterator[str]:
    """The ways, such as `training.updates`, to the settings that a resumed run may change; all keys below one may be too."""
    if isinstance(value, Ref):
        yield from resumable(value.config, way)
    elif attrs.has(type(value)):
        for field in attrs.fields(type(value)):
            below = _below(way, "" if field.alias == "ref" else field.alias)
            if field.metadata.get("resumable"):
                yield below
            else:
                yield from resumable(getattr(value, field.name), below)
    elif isinstance(value, Mapping | tuple | list):
        for key, item in value.items() if isinstance(value, Mapping) else enumerate(value):
            yield from resumable(item, _below(way, str(key)))


def differences(before: Any, now: Any, way: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Where two specs as data differ: the way to each key, what it was and what it is; None where there is none."""
    if isinstance(before, Mapping) and isinstance(now, Mapping):
        for key in sorted(before.keys() | now.keys()):
            yield from differences(before.get(key), now.get(key), _below(way, key))
    elif before != now:
        yield way, before, now


def _below(way: str, key: str) -> str:
    return f"{way}.{key}" if way and key else way or key
