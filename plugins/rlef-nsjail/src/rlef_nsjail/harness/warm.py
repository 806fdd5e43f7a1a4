"""Import what programs use most, once, so that a forked program finds it ready."""

import os

MODULES = (
    "_json", "_sitebuiltins", "atexit", "bisect", "builtins", "collections", "copy",
    "functools", "heapq", "io", "itertools", "json", "linecache", "marshal", "math", "operator", "os", "random", "re",
    "string", "struct", "sys", "threading", "time", "traceback", "types", "typing",
)  # fmt: skip
SEED = 0


def warm() -> None:
    """Import the modules, without what some of them would do in every fork.

    `threading` would look whether other threads were lost: a harness has none. `random` would take a new seed from the kernel: here it
    begins the same in every program, as hashes do.
    """
    register = os.register_at_fork
    os.register_at_fork = _nothing
    try:
        for name in MODULES:
            __import__(name)
    finally:
        os.register_at_fork = register
    __import__("random").seed(SEED)


def _nothing(**hooks: object) -> None:
    """Register no hook."""
