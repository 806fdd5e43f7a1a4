"""Read tasks from JSON and write them: the form of a task file's line, and what else is told by lines of JSON."""

from collections.abc import Iterable, Mapping
from typing import Any

from attrs import evolve, fields, fields_dict

from rlef_core.misses import did_you_mean
from rlef_core.records.cases import case_from_json, case_to_json
from rlef_core.records.data import DataError
from rlef_core.records.task import CheckerRef, Limits, Problem, Task
from rlef_core.settings import parse_bytes

REQUIRED = ("id", "statement", "language", "public_cases", "private_cases")
OPTIONAL = ("limits", "checker", "reference", "wrong", "starter_code", "split")
MOST_SECONDS = 1_000_000
"""The longest limit that a row or a command may set, about 12 days; beyond it stands a slip of the pen."""
MOST_BYTES = 10**15
MOST_PROCESSES = 1_000_000


def task_from_json(record: Any) -> Task:
    """The task that a JSON object tells. Raises DataError that says what is wrong.

    Required: `id`, `statement`, `language` (text), `public_cases`, `private_cases` (lists, see `case_from_json`). Optional: `limits`
    (an object of Limits' fields), `checker` (a name, or an object of `name` and options), `reference` (a program's source), `wrong`
    (a list of such), `starter_code`, and `split`, which is no part of the task.
    """
    if not isinstance(record, dict):
        raise DataError(f"found {record!r:.60}, expected an object with {', '.join(REQUIRED)}")
    only_known(record, (*REQUIRED, *OPTIONAL))
    if lacking := [key for key in REQUIRED if key not in record]:
        raise DataError(f"lacks {lacking[0]!r}")
    return Task(
        Problem(
            id=_typed(record, "id", str, "text"),
            statement=_typed(record, "statement", str, "text"),
            language=_typed(record, "language", str, "text"),
            public_cases=tuple(map(case_from_json, _typed(record, "public_cases", list, "a list of cases"))),
            starter_code=_typed(record, "starter_code", str, "text", ""),
        ),
        private_cases=tuple(map(case_from_json, _typed(record, "private_cases", list, "a list of cases"))),
        limits=limits_from_json(record.get("limits", {}), Limits()),
        checker=checker_from_json(record.get("checker", "tokens")),
        reference=_typed(record, "reference", str | None, "a program", None),
        wrong=tuple(_typed({"wrong": each}, "wrong", str, "a list of programs") for each in _typed(record, "wrong", list, "a list", [])),
    )


def task_to_json(task: Task) -> dict[str, Any]:
    """What `task_from_json` reads; what has its default is left out."""
    problem = task.problem
    optional = {
        "limits": {key: getattr(task.limits, key) for key in _changed(task.limits)},
        "checker": task.checker.name if not task.checker.options else {"name": task.checker.name, **task.checker.options},
        "reference": task.reference,
        "wrong": list(task.wrong),
        "starter_code": problem.starter_code,
    }
    return {
        "id": problem.id,
        "statement": problem.statement,
        "language": problem.language,
        "public_cases": list(map(case_to_json, problem.public_cases)),
        "private_cases": list(map(case_to_json, task.private_cases)),
        **{key: value for key, value in optional.items() if value},
    }


def limits_from_json(record: Any, usual: Limits) -> Limits:
    """`usual` with the figures that an object names; `memory_bytes` and `output_bytes` also as `512MB`. Raises DataError."""
    known = fields_dict(Limits)
    if not isinstance(record, Mapping):
        raise DataError(f"'limits' is {record!r:.80}, expected an object of {', '.join(map(repr, known))}")
    only_known(record, known, "'limits' has the ")
    given: dict[str, Any] = {}
    for key, value in record.items():
        try:
            given[key] = amount(key, value)
        except ValueError as error:
            raise DataError(f"'limits': {key!r}: {error}") from error
    return evolve(usual, **given)


def amount(limit: str, value: Any) -> float:
    """What `value` means for a field of Limits: a number, or for bytes `512MB`. Raises ValueError for none that could limit anything."""
    whole = not limit.endswith("_seconds")
    found = parse_bytes(value) if isinstance(value, str) and limit.endswith("_bytes") else value
    most = MOST_BYTES if limit.endswith("_bytes") else MOST_PROCESSES if whole else MOST_SECONDS
    if isinstance(found, bool) or not isinstance(found, int if whole else int | float) or not 0 < found <= most:
        number = "whole number" if whole else "finite number"
        raise ValueError(f"found {value!r:.60}, expected a {number} above 0, at most {most:_}")
    return found


def only_known(record: Mapping[str, Any], known: Iterable[str], start: str = "") -> None:
    """Raise DataError that names the first field which is none of `known`, with what may have been meant; `start` begins the message."""
    names = tuple(known)
    if unknown := sorted(record.keys() - set(names)):
        raise DataError(f"{start}unknown field {unknown[0]!r}, expected {', '.join(map(repr, names))}{did_you_mean(unknown[0], names)}")


def checker_from_json(record: Any) -> CheckerRef:
    """A checker's name, or an object of `name` and its options. Raises DataError."""
    if isinstance(record, str):
        return CheckerRef(record)
    if isinstance(record, dict) and isinstance(record.get("name"), str):
        return CheckerRef(record["name"], {key: value for key, value in record.items() if key != "name"})
    raise DataError(f"'checker' is {record!r:.60}, expected a name such as 'tokens' or an object with 'name' and options")


def _typed(record: Mapping[str, Any], key: str, type_: Any, word: str, *default: Any) -> Any:
    value = record.get(key, *default)
    if not isinstance(value, type_):
        raise DataError(f"{key!r} is {value!r:.60}, expected {word}")
    return value


def _changed(limits: Limits) -> list[str]:
    return [field.name for field in fields(Limits) if getattr(limits, field.name) != field.default]
