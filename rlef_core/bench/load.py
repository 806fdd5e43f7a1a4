"""Keep the cores busy with work that competes with what is measured."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

SPIN = """\
import os, sys
while os.getppid() == int(sys.argv[1]):
    for _ in range(100_000):
        pass
"""
"""Ends by itself when whoever started it, its argument, is gone."""


@contextmanager
def spinning(processes: int) -> Iterator[None]:
    """So many processes that do nothing but count, at the usual priority, until the block ends."""
    spinners = [subprocess.Popen([sys.executable, "-I", "-S", "-c", SPIN, str(os.getpid())]) for _ in range(processes)]
    try:
        yield
    finally:
        for spinner in spinners:
            spinner.kill()
        for spinner in spinners:
            spinner.wait()
