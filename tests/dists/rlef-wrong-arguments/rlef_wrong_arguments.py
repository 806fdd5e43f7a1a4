"""Asks a hook for an argument that it has not."""

from rlef_core import hookimpl


@hookimpl
def rlef_run_started(direktory):
    print(direktory)
