"""A spec as it was read: plain data, and the place of each key and value, so that every fault can be shown where it is."""

from collections.abc import Mapping
from typing import Any

from attrs import frozen

from rlef_core.errors import SpecFault

Keys = tuple[str | int, ...]
"""The way to a value: keys of mappings and indices of lists."""


@frozen
class Place:
    """Where something stands. `line` and `column` count from 1; line 0 is no line: the whole file, or a `--set`."""

    file: str
    line: int = 0
    column: int = 0
    text: str = ""

    def fault(self, message: str, *, plugin: bool = False) -> SpecFault:
        return SpecFault(message, self.file, self.line, self.column, self.text, plugin=plugin)


@frozen
class Spec:
    """A spec that was read but not resolved. `keys` and `values` hold the places of each key and value."""

    file: str
    data: Mapping[str, Any]
    keys: Mapping[Keys, Place]
    values: Mapping[Keys, Place]

    def given(self, *keys: str | int) -> bool:
        """Whether the user wrote this key."""
        return keys in self.values

    def value_place(self, keys: Keys) -> Place:
        """The place of a value, or of the nearest thing around it that was written."""
        return self.values[keys] if keys in self.values else self.key_place(keys[:-1])

    def key_place(self, keys: Keys) -> Place:
        """The place of a key; of a list's item; of the whole file for what stands in no block."""
        if not keys:
            return Place(self.file)
        if keys in self.keys:
            return self.keys[keys]
        return self.values[keys] if keys in self.values else self.key_place(keys[:-1])
