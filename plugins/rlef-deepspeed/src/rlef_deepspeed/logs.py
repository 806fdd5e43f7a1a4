"""Keep what a rank writes in a file of its own, and read its last words."""

import os
from pathlib import Path

_BEGINNING = "--- rank"
_LINES = 3
_TAIL_BYTES = 16384


def log_of(directory: Path, rank: int) -> Path:
    """The file that a rank writes to instead of its standard output and error."""
    return directory / f"rank-{rank}.log"


def write_to(log: Path) -> None:
    """Have this process, and those that it starts, write to the end of a log."""
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    for standard in (1, 2):
        os.dup2(descriptor, standard)
    os.close(descriptor)
    os.write(1, f"{_BEGINNING} begins, process {os.getpid()}\n".encode())


def last_words(log: Path) -> str:
    """Return what a log says at last, in one line and with its name."""
    if not log.exists():
        return f"it has no log ({log})"
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - _TAIL_BYTES))
        text = file.read().decode(errors="replace")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    begins = max((place for place, line in enumerate(lines) if line.startswith(_BEGINNING)), default=-1)
    last = " | ".join(lines[begins + 1 :][-_LINES:])
    return f"last words: {last!r} (log: {log})" if last else f"it had said nothing (log: {log})"
