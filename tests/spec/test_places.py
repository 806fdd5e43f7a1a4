"""Whatever the settings of a component look like, the one thing that is wrong is shown exactly where it stands."""

from collections.abc import Mapping
from itertools import count
from typing import Any

import attrs
from hypothesis import given
from hypothesis import strategies as st

from rlef_core.settings import ByteSize, setting

Way = tuple[str | int, ...]

LEAVES = ((int, 3), (float, 0.5), (bool, True), (ByteSize, 7))
SHAPES = st.recursive(
    st.sampled_from(LEAVES).map(lambda leaf: ("leaf", leaf)),
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3).map(lambda fields: ("class", fields))
        | st.tuples(inner, st.integers(1, 3)).map(lambda item: ("list", item))
        | st.tuples(inner, st.integers(1, 3)).map(lambda item: ("mapping", item))
    ),
    max_leaves=8,
)


def realise(shape: Any) -> tuple[Any, Any]:
    """A type, and data that fits it."""
    kind, content = shape
    if kind == "leaf":
        return content
    if kind == "class":
        parts = {f"k{number}": realise(field) for number, field in enumerate(content)}
        fields = {key: setting(help="drawn") for key in parts}
        made = attrs.make_class("Drawn", fields, frozen=True)
        made.__annotations__ = {key: type_ for key, (type_, _) in parts.items()}
        return made, {key: data for key, (_, data) in parts.items()}
    type_, data = realise(content[0])
    if kind == "list":
        return tuple[type_, ...], [data] * content[1]
    return Mapping[str, type_], {f"m{number}": data for number in range(content[1])}


def ways(shape: Any, way: Way = ()) -> list[tuple[Way, str]]:
    """The way to every value of the data that `realise` makes, with its kind."""
    kind, content = shape
    if kind == "leaf":
        return [(way, kind)]
    items = enumerate(content) if kind == "class" else ((number, content[0]) for number in range(content[1]))
    names = {"class": "k{}", "mapping": "m{}"}
    below = [each for number, item in items for each in ways(item, (*way, names[kind].format(number) if kind in names else number))]
    return [(way, kind), *below]


class Writer:
    """Writes data as YAML with line breaks where `breaks` says, and remembers where each key and value begins."""

    def __init__(self, breaks: Any) -> None:
        self.text, self.breaks = "", breaks
        self.keys: dict[Way, tuple[int, int]] = {}
        self.values: dict[Way, tuple[int, int]] = {}

    def here(self) -> tuple[int, int]:
        return self.text.count("\n") + 1, len(self.text.rpartition("\n")[2]) + 1

    def write(self, data: Any, way: Way = ()) -> None:
        self.values[way] = self.here()
        if not isinstance(data, dict | list):
            self.text += str(data).lower()
            return
        self.text += "{" if isinstance(data, dict) else "["
        for key, item in data.items() if isinstance(data, dict) else enumerate(data):
            self.text += "\n   " * next(self.breaks)
            if isinstance(data, dict):
                self.keys[(*way, key)] = self.here()
                self.text += f"{key}: "
            self.write(item, (*way, key))
            self.text += ", "
        self.text += "}" if isinstance(data, dict) else "]"


def corrupted(data: Any, way: Way, change: Any) -> Any:
    """A copy of data in which `change` was applied to the value at `way`."""
    if not way:
        return change(data)
    if isinstance(data, dict):
        return {key: corrupted(item, way[1:], change) if key == way[0] else item for key, item in data.items()}
    return [corrupted(item, way[1:], change) if index == way[0] else item for index, item in enumerate(data)]


@given(st.data())
def test_one_corruption_is_one_fault_at_its_place(bench: Any, data: st.DataObject) -> None:
    shape = ("class", data.draw(st.lists(SHAPES, min_size=1, max_size=3)))
    config, settings = realise(shape)
    way, kind = data.draw(st.sampled_from(ways(shape)))
    damage = data.draw(st.sampled_from(["alien", "missing"] if kind == "class" and not way else damages(kind)))
    gone = data.draw(st.sampled_from(["k0"] if kind == "class" else [""]))
    change = {
        "wrong": lambda value: "wrong",
        "alien": lambda value: {**value, "zz": 1},
        "missing": lambda value: {key: item for key, item in value.items() if key != gone},
    }
    breaks = data.draw(st.lists(st.booleans(), min_size=1, max_size=6))
    writer = Writer(breaks[number % len(breaks)] for number in count())
    writer.write({"use": "plain", **corrupted(settings, way, change[damage])})
    before, after = bench.good.split("{use: plain}")
    registry = bench.registry(bench.offered("feedback", "plain", config))
    (fault,) = bench.faults(f"{before}{writer.text}{after}", registry=registry)
    assert (fault.line, fault.column) == moved(expected(writer, way, damage), before)


def damages(kind: str) -> list[str]:
    return ["wrong", "alien", "missing"] if kind == "class" else ["wrong"]


def expected(writer: Writer, way: Way, damage: str) -> tuple[int, int]:
    """Where a fault belongs: an alien key at itself, a missing one at its block's key or item, a wrong value at itself."""
    if damage == "alien":
        return writer.keys[(*way, "zz")]
    if damage == "missing" and not way:
        return 1, 1 - len("feedback: ")
    return writer.keys[way] if damage == "missing" and way in writer.keys else writer.values[way]


def moved(place: tuple[int, int], before: str) -> tuple[int, int]:
    """The place in the whole spec of a place in a text that follows `before`."""
    line, column = place
    return line + before.count("\n"), column + len(before.rpartition("\n")[2]) * (line == 1)


@given(SHAPES.filter(lambda shape: shape[0] == "class"))
def test_data_of_the_right_shape_has_no_fault(bench: Any, shape: Any) -> None:
    config, settings = realise(shape)
    writer = Writer(count(0, 0))
    writer.write({"use": "plain", **settings})
    registry = bench.registry(bench.offered("feedback", "plain", config))
    plan = bench.plan(bench.swap("{use: plain}", writer.text), registry=registry)
    assert bench.plan(bench.good, f"feedback={writer.text}", registry=registry).feedback == plan.feedback
