"""Play a spec to its end twice: unbroken, and killed at every named point of the timeline, one after the other, and resumed each time.

`python killed_runs.py SPEC FOLDER [MODULE ...]` leaves FOLDER/whole, FOLDER/killed and the points in FOLDER/points.json. Each run is a
fork of this process, which has imported everything, the modules too, and started no thread.
"""

import json
import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

from rlef_core import resume, run
from rlef_core.timeline import Timeline
from rlef_core.training.session import Session

STEPS = ("play", "update", "publish", "record", "put in place", "checkpoint", "evaluate")
"""Spans after whose end a run is killed too; what follows the others is the beginning of the next."""


class Noting(Timeline):
    """Knows the names of all spans, in the order in which they first began."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self.names: list[str] = []

    @contextmanager
    def span(self, name: str) -> Iterator[None]:
        if name not in self.names:
            self.names.append(name)
            self.path.write_text(json.dumps(self.names))
        with super().span(name):
            yield


class Killing(Timeline):
    """Kills its process when a span of that name begins, or when it ends."""

    def __init__(self, name: str, edge: str) -> None:
        super().__init__()
        self.point = name, edge

    @contextmanager
    def span(self, name: str) -> Iterator[None]:
        self.kill_at(name, "begin")
        with super().span(name):
            yield
        self.kill_at(name, "end")

    def kill_at(self, *point: str) -> None:
        if point == self.point:
            os.kill(os.getpid(), signal.SIGKILL)


def play(spec: Path, directory: Path, timeline: Timeline) -> None:
    """Begin or go on, as a user would."""
    session = Session(lambda line: None, timeline=timeline)
    if any(directory.glob("checkpoints/[0-9]*/manifest.json")):
        resume(directory, session=session)
    else:
        run(spec, [f"run.directory={directory}"], session=session)


def forked(work: Callable[[], None]) -> int:
    """The exit status of `work` in a process of its own; minus the signal that ended it."""
    pid = os.fork()
    if pid == 0:
        try:
            work()
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def main(spec: Path, folder: Path, *modules: str) -> None:
    for module in modules:
        import_module(module)  # forks need not import it again
    names = folder / "names.json"
    assert forked(lambda: play(spec, folder / "whole", Noting(names))) == 0
    points = [(name, edge) for name in json.loads(names.read_text()) for edge in ("begin", "end") if edge == "begin" or name in STEPS]
    for point in points:
        found = forked(lambda point=point: play(spec, folder / "killed", Killing(*point)))  # type: ignore[misc]  # bound at once
        assert found == -signal.SIGKILL, f"{point}: ended with {found} before it was reached"
    assert forked(lambda: play(spec, folder / "killed", Timeline())) == 0
    (folder / "points.json").write_text(json.dumps(points))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:])
