"""Driver of programs that read standard input: as without a driver, but for exit() and an answer to a full memory."""

from __future__ import annotations

import sys

from .loading import RESERVE_BYTES, load, report


def run() -> None:
    """Load the program as `__main__`."""
    reserve = bytearray(RESERVE_BYTES)
    try:
        load("__main__")
    except SystemExit:
        raise
    except BaseException as error:
        del reserve  # to have the memory that a traceback takes
        report(error)
        sys.exit(1)
