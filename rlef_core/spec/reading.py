"""Read a spec: YAML 1.2 text with `--set` overrides becomes plain data in which everything has its place."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode
from ruamel.yaml.reader import ReaderError

from rlef_core.errors import SpecError, SpecFault
from rlef_core.spec.overrides import apply_override
from rlef_core.spec.scalars import plain_value
from rlef_core.spec.tree import Keys, Place, Spec

MOST_VALUES = 100_000
"""A spec that expands to more values than this (by aliases of aliases) is refused."""

DEEPEST = 50
"""A spec that is nested more deeply than this is refused."""

_TAG = "tag:yaml.org,2002:"
_PLAIN_TAGS = frozenset(_TAG + word for word in ("null", "bool", "int", "float", "timestamp", "value", "merge"))
_LINE_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")


def read_spec(path: Path, overrides: Sequence[str] = ()) -> Spec:
    """The spec in the file, with each override `key.path=value` applied. Raises SpecError."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        found = f"byte {error.object[error.start]:#04x} in line {line} is not UTF-8"
        raise SpecError([SpecFault(f"{found}, expected a spec in UTF-8", str(path))]) from error
    except IsADirectoryError as error:
        raise SpecError([SpecFault("is a directory, expected a YAML file", str(path))]) from error
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise SpecError([SpecFault(f"cannot be read ({reason}), expected a YAML file", str(path))]) from error
    return parse_spec(text, str(path), overrides)


def parse_spec(text: str, file: str = "spec", overrides: Sequence[str] = ()) -> Spec:
    """The spec in `text`; `file` stands in the faults' places. Raises SpecError."""
    root = _compose(text, file)
    if root is None:
        raise SpecError([SpecFault("is empty, expected a mapping of blocks such as 'name:' and 'tasks:'", file)])
    reading = _Reading(file, text)
    data = reading.value(root, (), ())
    if not isinstance(data, dict):
        reading.faults.insert(0, reading.place(root).fault("the spec is no mapping, expected blocks such as 'name:' and 'tasks:'"))
    if reading.faults:
        raise SpecError(reading.faults)
    spec = Spec(file, data, reading.keys, reading.values)
    for override in overrides:
        spec = apply_override(spec, override, _parse_override)
    return spec


def _parse_override(text: str, file: str) -> Any:
    root = _compose(text, file)
    if root is None:
        return None
    reading = _Reading(file, text)
    value = reading.value(root, (), ())
    if reading.faults:
        raise SpecError(reading.faults)
    return value


def _compose(text: str, file: str) -> Node | None:
    try:
        root: Node | None = YAML(typ="safe", pure=True).compose(text)
    except MarkedYAMLError as error:
        raise SpecError([_syntax_fault(error, file, text)]) from error
    except ReaderError as error:
        before = text[: error.position]
        line = len(_LINE_BREAK.findall(before)) + 1
        message = f"broken YAML: character {text[error.position]!r} in line {line} is no text"
        raise SpecError([SpecFault(message, file)]) from error
    except RecursionError as error:
        raise SpecError([SpecFault(f"is nested too deeply to be read, expected at most {DEEPEST} blocks in one another", file)]) from error
    return root


def _syntax_fault(error: MarkedYAMLError, file: str, text: str) -> SpecFault:
    mark = error.problem_mark or error.context_mark
    place = _place(file, _LINE_BREAK.split(text), mark)
    problem = error.problem or "cannot be read"
    if "found another document" in problem:
        return place.fault("a second YAML document starts here, expected one")
    if "'\\t'" in problem:
        return place.fault("broken YAML: a tab, expected spaces")
    where = f" ({error.context}, line {error.context_mark.line + 1})" if error.context and error.context_mark else ""
    return place.fault(f"broken YAML: {problem}{where}")


def _place(file: str, lines: Sequence[str], mark: Any) -> Place:
    text = lines[mark.line] if mark.line < len(lines) else ""
    return Place(file, mark.line + 1, mark.column + 1, text.replace("\t", " "))


class _Reading:
    """Turns nodes into data and keeps their places and faults."""

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self.lines = _LINE_BREAK.split(text)
        self.keys: dict[Keys, Place] = {}
        self.values: dict[Keys, Place] = {}
        self.faults: list[SpecFault] = []

    def place(self, node: Node) -> Place:
        return _place(self.file, self.lines, node.start_mark)

    def value(self, node: Node, keys: Keys, around: tuple[Node, ...]) -> Any:
        """The data of a node that stands at `keys`, inside the nodes `around` it."""
        self.values[keys] = self.place(node)
        if len(self.values) > MOST_VALUES:
            raise SpecError([self.place(node).fault(f"the spec holds more than {MOST_VALUES} values, expected fewer aliases")])
        if any(node is outer for outer in around):
            self._fault(node, "an alias of what it stands in, expected no circle")
            return None
        if len(around) > DEEPEST:
            raise SpecError([self.place(node).fault(f"nested too deeply, expected at most {DEEPEST} blocks in one another")])
        if isinstance(node, ScalarNode):
            return self._scalar(node)
        if str(node.tag) not in {_TAG + "map", _TAG + "seq"}:
            self._fault(node, f"the tag {str(node.tag)!r} has no meaning here, expected the value alone")
        if isinstance(node, MappingNode):
            return self._mapping(node, keys, (*around, node))
        return [self.value(item, (*keys, index), (*around, node)) for index, item in enumerate(node.value)]

    def _scalar(self, node: ScalarNode) -> Any:
        tag = str(node.tag)
        if tag == _TAG + "str":
            return node.value
        if node.style is None and tag in _PLAIN_TAGS:
            return plain_value(node.value)
        self._fault(node, f"the tag {tag!r} has no meaning here, expected the value alone")
        return None

    def _mapping(self, node: MappingNode, keys: Keys, around: tuple[Node, ...]) -> Mapping[str, Any]:
        data: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key: str = key_node.value
            if not self._is_key(key_node):
                continue
            if key in data:
                first = self.keys[(*keys, key)]
                self._fault(key_node, f"the key {key!r} is given twice, first in line {first.line} column {first.column}")
                continue
            self.keys[(*keys, key)] = self.place(key_node)
            data[key] = self.value(value_node, (*keys, key), around)
        return data

    def _is_key(self, node: Node) -> bool:
        if str(node.tag) == _TAG + "merge":
            self._fault(node, "merge keys ('<<') are not YAML 1.2, expected the keys themselves")
        elif not isinstance(node, ScalarNode) or not isinstance(self._scalar(node), str):
            self._fault(node, "a key that is no text, expected a word (in quotes if it looks like a number)")
        else:
            return True
        return False

    def _fault(self, node: Node, message: str) -> None:
        self.faults.append(self.place(node).fault(message))
