"""Write episodes as JSON lines and read them back; token columns are compressed."""

import json
import zlib
from array import array
from base64 import b64decode, b64encode
from collections.abc import Sequence
from typing import Any

from cattrs.preconf.json import make_converter

from rlef_core.records import (
    Action,
    CallCase,
    Case,
    Episode,
    FileCase,
    Finish,
    ScriptCase,
    StdioCase,
    VersionSpan,
    case_from_json,
    case_to_json,
)
from rlef_core.records.lines import json_of

SCHEMA = 1


def dump_episode(episode: Episode, rewards: Sequence[float]) -> str:
    """One line of JSON without its newline."""
    record = {"schema": SCHEMA, "episode": _CONVERTER.unstructure(episode), "rewards": list(rewards)}
    return json.dumps(record, ensure_ascii=True, separators=(",", ":"))


def load_episode(line: str | bytes) -> tuple[Episode, tuple[float, ...]]:
    """The episode and its rewards. Raises ValueError for a line that is no JSON or of another schema."""
    record = json_of(line)
    if record.get("schema") != SCHEMA:
        raise ValueError(f"an episode of schema {record.get('schema')!r}, expected {SCHEMA}")
    return _CONVERTER.structure(record["episode"], Episode), tuple(record["rewards"])


def pack(numbers: Sequence[float], code: str) -> str:
    """Numbers as text: `code` is an array type code, little-endian, compressed by zlib, base64."""
    return b64encode(zlib.compress(array(code, numbers).tobytes(), 1)).decode("ascii")


def unpack(text: str, code: str) -> tuple[Any, ...]:
    """What `pack` was given."""
    column = array(code)
    column.frombytes(zlib.decompress(b64decode(text)))
    return tuple(column)


def _dump_action(action: Action) -> dict[str, Any]:
    return {
        "text": action.text,
        "prompt_ids": pack(action.prompt_ids, "i"),
        "ids": pack(action.ids, "i"),
        "logprobs": pack(action.logprobs, "d"),
        "spans": [[span.start, span.version] for span in action.spans],
        "finish": action.finish.value,
    }


def _load_action(record: dict[str, Any], _: Any) -> Action:
    return Action(
        record["text"],
        unpack(record["prompt_ids"], "i"),
        unpack(record["ids"], "i"),
        unpack(record["logprobs"], "d"),
        tuple(VersionSpan(start, version) for start, version in record["spans"]),
        Finish(record["finish"]),
    )


def _make() -> Any:
    converter = make_converter()
    converter.register_unstructure_hook(bytes, lambda data: data.decode("utf-8", "surrogateescape"))
    converter.register_structure_hook(bytes, lambda text, _: text.encode("utf-8", "surrogateescape"))
    converter.register_unstructure_hook(Action, _dump_action)
    converter.register_structure_hook(Action, _load_action)
    converter.register_structure_hook(Case, lambda record, _: case_from_json(record))
    for kind in (Case, StdioCase, CallCase, FileCase, ScriptCase):
        converter.register_unstructure_hook(kind, case_to_json)
    return converter


_CONVERTER = _make()
