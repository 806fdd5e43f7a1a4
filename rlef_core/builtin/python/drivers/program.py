"""Driver of programs that read standard input: as without a driver, but for exit() and an answer to a full memory."""

from __future__ import annotations

import sys

from .loading import RESERVE_BYTES, load, report


def run() -> None:
    """Load the program as `__main__`."""
    reserve = bytes(RESERVE_BYTES)  # not touched, so that it costs nothing until it is given back
    try:
        load("__main__")
    except SystemExit:
        raise
    except BaseException as error:
        del reserve  # to have the memory that a traceback takes
        report(error)
        sys.exit(1)
