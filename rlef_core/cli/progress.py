"""Show long work as it goes: a live line on a terminal, plain lines elsewhere."""

import logging
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from rlef_core.evaluation.count import Count
from rlef_core.rollout.tally import Tally
from rlef_core.training.session import Session

_PERIOD = 0.25
_PLAIN_PERIOD = 15.0


@contextmanager
def shown() -> Iterator[Session]:
    """A session whose lines and running counts go to standard error, with what components log."""
    console = Console(stderr=True, highlight=False, soft_wrap=True)

    def say(line: str) -> None:
        console.print(line, markup=False)

    with _logged(say), _live(console) if console.is_terminal else _plain(say) as watch:
        yield Session(say, watch)


def tell(line: str) -> None:
    """Print a line on standard output, above the live line where both are on one terminal."""
    click.echo(line, file=sys.stdout)  # named, since click would look for the stream behind the one that rich put there


def figures(tally: Tally) -> str:
    """The running counts of a phase in one line; empty when it plays no episodes and judges nothing."""
    done = _done(tally)
    left = f", {tally.seconds / done * (tally.total - done):.0f} s left" if done and tally.total else ""
    if isinstance(tally, Count):
        of = f"/{tally.total}" if tally.total else ""
        return f"{done}{of} {tally.unit}, {tally.failed} failed, {tally.programs / tally.seconds:.1f} programs/s{left}"
    if not tally.total:
        return figures(tally.shown) if tally.shown is not tally else ""
    solved = f", solved {tally.solved / tally.episodes:.2f}" if tally.episodes else ""
    return (
        f"{done}/{tally.total} episodes, {tally.turns} turns{solved}, "
        f"{tally.tokens / tally.seconds:.0f} tokens/s, {tally.programs / tally.seconds:.0f} programs/s{left}"
    )


def phase(tally: Tally) -> str:
    """What goes on, and what is played beside it."""
    return "; ".join(dict.fromkeys(filter(None, (tally.phase, tally.shown.phase))))


def _done(tally: Tally) -> int:
    return tally.done if isinstance(tally, Count) else tally.episodes + tally.faults


@contextmanager
def _live(console: Console) -> Iterator[Callable[[Tally], None]]:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[figures]}"),
        TimeElapsedColumn(),
    )
    # What is printed must go round the live line where both are on a terminal, and into its file or pipe where not.
    with Progress(*columns, console=console, transient=True, redirect_stdout=sys.stdout.isatty()) as progress:
        bar = progress.add_task("starting", total=None, figures="")

        def draw(tally: Tally) -> None:
            shown = tally.shown
            progress.update(bar, description=phase(tally), completed=_done(shown), total=shown.total or None, figures=figures(tally))

        with _polled(draw, _PERIOD) as watch:
            yield watch


@contextmanager
def _plain(say: Callable[[str], None]) -> Iterator[Callable[[Tally], None]]:
    def draw(tally: Tally) -> None:
        if phase(tally) and tally.seconds > _PLAIN_PERIOD:
            say(f"{phase(tally)}: {figures(tally) or f'{tally.seconds:.0f} s'}")

    with _polled(draw, _PLAIN_PERIOD) as watch:
        yield watch


@contextmanager
def _logged(say: Callable[[str], None]) -> Iterator[None]:
    # Warnings of anyone, and the information of the packages that are named after this project.
    handler, root = _Lines(say), logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    try:
        yield
    finally:
        root.removeHandler(handler)
        root.setLevel(level)


class _Lines(logging.Handler):
    def __init__(self, say: Callable[[str], None]) -> None:
        super().__init__()
        self._say = say

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno >= logging.WARNING or record.name.startswith("rlef"):
            self._say(record.getMessage())


@contextmanager
def _polled(draw: Callable[[Tally], None], period: float) -> Iterator[Callable[[Tally], None]]:
    # A thread of its own, so that a busy event loop still shows how it is doing.
    watched: list[Tally] = []
    ended = threading.Event()

    def poll() -> None:
        while not ended.wait(period):
            for tally in watched:
                draw(tally)

    thread = threading.Thread(target=poll, name="rlef-progress", daemon=True)
    thread.start()
    try:
        yield watched.append
    finally:
        ended.set()
        thread.join()
