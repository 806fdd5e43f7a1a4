"""Read cases from JSON and write them: the form that task files, `judge` and submissions share."""

import json
from collections.abc import Mapping
from typing import Any

import attrs

from rlef_core.misses import did_you_mean
from rlef_core.records.data import DataError, decode_value, encode_value
from rlef_core.records.task import CallCase, Case, FileCase, ScriptCase, StdioCase

KINDS: Mapping[str, type[Case]] = {"stdio": StdioCase, "call": CallCase, "file": FileCase, "script": ScriptCase}
"""The word for each kind of case; `stdio` may be left out."""


def case_from_json(record: Any) -> Case:
    """The case that a JSON object tells: `kind` (stdio unless given) and the fields of that kind.

    `arguments` (a list) and `value` of a call are encoded as by `encode_value`. Raises DataError that says what is wrong.
    """
    if not isinstance(record, dict):
        raise DataError(f"a case is {_shown(record)}, expected an object such as {{'input': '...', 'output': '...'}}")
    name = record.get("kind", "stdio")
    if not isinstance(name, str) or name not in KINDS:
        raise DataError(f"a case's kind is {_shown(name)}, expected one of {', '.join(map(repr, KINDS))}{did_you_mean(str(name), KINDS)}")
    fields = {key: value for key, value in record.items() if key != "kind"}
    known = attrs.fields_dict(KINDS[name])
    if unknown := sorted(fields.keys() - known.keys()):
        miss = did_you_mean(unknown[0], known)
        raise DataError(f"a {name} case has the unknown field {unknown[0]!r}, expected {', '.join(map(repr, known))}{miss}")
    lacking = [key for key, field in known.items() if field.default is attrs.NOTHING and key not in fields]
    if lacking:
        raise DataError(f"a {name} case lacks {lacking[0]!r}, expected {', '.join(map(repr, known))}")
    return KINDS[name](**{key: _field(name, key, value) for key, value in fields.items()})


def case_to_json(case: Case) -> dict[str, Any]:
    """What `case_from_json` reads; fields that are empty and may be left out are. Raises DataError for a value that is no plain data."""
    name = next(name for name, kind in KINDS.items() if type(case) is kind)
    fields = {key: getattr(case, key) for key, field in attrs.fields_dict(type(case)).items() if getattr(case, key) != field.default}
    if isinstance(case, CallCase):
        fields["arguments"] = [json.loads(encode_value(argument)) for argument in case.arguments]
        fields["value"] = json.loads(encode_value(case.value))
    return fields if name == "stdio" else {"kind": name, **fields}


def _field(kind: str, key: str, value: Any) -> Any:
    if kind == "call" and key in {"arguments", "value"}:
        if key == "arguments" and not isinstance(value, list):
            raise DataError(f"a call case's 'arguments' is {_shown(value)}, expected a list")
        return tuple(map(_decoded, value)) if key == "arguments" else _decoded(value)
    if not isinstance(value, str):
        raise DataError(f"a {kind} case's {key!r} is {_shown(value)}, expected text")
    if key.endswith("_file") and ("/" in value or "\0" in value or value in {".", ".."}):
        raise DataError(f"a file case's {key!r} is {value!r}, expected a plain file name without folders")
    return value


def _decoded(node: Any) -> Any:
    try:
        return decode_value(json.dumps(node).encode("ascii"))
    except (ValueError, RecursionError) as error:
        raise DataError(f"a call case's value cannot be read: {error}") from error


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
