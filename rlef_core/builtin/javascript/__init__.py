"""Language `javascript`: Node without packages, and the drivers that load a program."""

from importlib.resources import files

from rlef_core import Language, Tool

PARTS = {"call": ("loading", "values", "call"), "script": ("loading", "values", "script")}
ADDRESS_SPACE_EXTRA_BYTES = 1536 << 20
"""What Node reserves and does not use: 0.7 GB at its start, and as much as its heap again while that is collected."""
THREADS = 12
"""Node's own: the main one, V8's six helpers, four for files, one to spare."""


def driver(kind: str) -> str:
    """A driver as one file: its parts in a row."""
    folder = files(__name__) / "drivers"
    return "\n".join((folder / f"{part}.js").read_text("utf-8") for part in PARTS[kind])


LANGUAGE = Language(
    name="javascript",
    source_name="solution.js",
    run=("{node}", "--random-seed=1", "{source}"),
    tools=(Tool("node", ("node", "nodejs"), debian_package="nodejs"),),
    fences=("javascript", "js", "node"),
    drivers={kind: driver(kind) for kind in PARTS},
    driver_name="driver.js",
    threads=THREADS,
    address_space_extra_bytes=ADDRESS_SPACE_EXTRA_BYTES,
)
