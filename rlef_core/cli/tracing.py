"""Write a command's timeline to a file."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from attrs import evolve

from rlef_core.timeline import Trace
from rlef_core.training.session import Session


@contextmanager
def traced(session: Session, path: Path | None) -> Iterator[Session]:
    """The session with a timeline that is written to `path`, finished when the block ends; the same session without a path."""
    if path is None:
        yield session
        return
    trace = Trace(path)
    try:
        yield evolve(session, timeline=trace)
    finally:
        trace.close()
        cut = f", cut short ({trace.lost})" if trace.lost else ""
        session.say(f"the timeline is in {path}{cut}: open it at ui.perfetto.dev")
