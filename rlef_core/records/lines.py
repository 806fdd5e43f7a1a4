"""Read a line of JSON, and say what is wrong with one that is none."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from rlef_core.records.data import DataError


def json_of(line: str | bytes) -> Any:
    """The value that one line of JSON tells. Raises DataError that says what is wrong and at which column, counted from 1."""
    try:
        text = line if isinstance(line, str) else line.decode("utf-8-sig")
        return json.loads(text.rstrip("\r\n"))
    except json.JSONDecodeError as error:
        # Some of json's messages already end with the word.
        what = f"{error.msg[:1].lower()}{error.msg[1:]}".removesuffix(" at")
        raise DataError(f"not JSON: {what} at column {error.colno}") from error
    except UnicodeDecodeError as error:
        raise DataError(f"not UTF-8: {error.reason} at byte {error.start + 1}") from error
    except (ValueError, RecursionError) as error:
        raise DataError(f"not JSON that can be read: {error}") from error


def filled(lines: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """The lines that are not blank, with their numbers from 1."""
    return ((number, line) for number, line in enumerate(lines, start=1) if line.strip())
