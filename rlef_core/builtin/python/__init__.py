"""Language `python`: the base interpreter, without any site-packages, and the drivers that load a program."""

import sys
from importlib.resources import files

from rlef_core import Language, Tool

PARTS = {
    "program": ("loading", "program"),
    "call": ("loading", "values", "answering", "call"),
    "script": ("loading", "values", "answering", "script"),
}
ADDRESS_SPACE_EXTRA_BYTES = 768 << 20
"""Room for threads with big stacks, a common idiom of contest programs; the memory limit itself is of memory really used."""


def driver(kind: str) -> str:
    """A driver as one file: its parts in a row, without the imports that tie them together or serve only the reader's types."""
    folder = files(__name__) / "drivers"
    lines = [line for part in PARTS[kind] for line in (folder / f"{part}.py").read_text("utf-8").splitlines()]
    kept = [line for line in lines if not line.startswith(("from .", "from typing ", "from collections.abc ", "from __future__ "))]
    return "\n".join(("from __future__ import annotations", *kept, "run()", ""))


def _interpreter() -> Tool:
    # In a virtual environment this is the interpreter it was made from; the programs' user may not be allowed to run it.
    own = getattr(sys, "_base_executable", None) or sys.executable
    return Tool("python", (own, "python3"), ("-s", "-S", "-B", "-c", "import sys, _json"), debian_package="python3")


LANGUAGE = Language(
    name="python",
    source_name="solution.py",
    run=("{python}", "-s", "-S", "-B", "{source}"),
    tools=(_interpreter(),),
    fences=("python", "py", "python3"),
    drivers={kind: driver(kind) for kind in PARTS},
    driver_name="driver.py",
    environment={"PYTHONHASHSEED": "0", "PYTHONSAFEPATH": "1", "PYTHONDONTWRITEBYTECODE": "1"},
    address_space_extra_bytes=ADDRESS_SPACE_EXTRA_BYTES,
    runtime="cpython",
)
