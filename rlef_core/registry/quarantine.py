"""Run a plugin's code so that whatever it raises, or prints, harms nobody else."""

import importlib
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from importlib import metadata
from pathlib import Path

from rlef_core.errors import RlefError


class QuarantineError(RlefError):
    """A plugin cannot take part; the message is the reason. Never leaves the registry."""


@contextmanager
def guard(call: str) -> Iterator[None]:
    """Turn whatever a plugin raises inside the block into QuarantineError, with the place; `call` says what it was doing.

    SystemExit is no exception to this: a plugin may not end the process. KeyboardInterrupt, the user's, passes. What the plugin prints
    goes to standard error, because standard output may be read as JSON.
    """
    try:
        with redirect_stdout(sys.stderr):
            yield
    except (KeyboardInterrupt, QuarantineError):
        raise
    except BaseException as error:
        raise QuarantineError(f"{call} raised {told(error)}") from error


def told(error: BaseException) -> str:
    """One line: the error's type, message (its first 500 characters) and the line of code that raised it."""
    return ": ".join(filter(None, (type(error).__name__, _message(error)))) + _place(error)


def _message(error: BaseException) -> str:
    try:
        return " ".join(str(error).split())[:500]
    except Exception:
        return "(an error whose message cannot be made)"


def _place(error: BaseException) -> str:
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if not _is_machinery(frame.filename)]
    return f" ({frames[-1].filename}, line {frames[-1].lineno})" if frames else ""


def _is_machinery(filename: str) -> bool:
    return (
        filename.startswith("<frozen")
        or filename in (importlib.__file__, metadata.__file__)
        or Path(filename).parent == Path(__file__).parent
    )
