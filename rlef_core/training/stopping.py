"""Stop a run when the user asks: between two steps the first time, at once the second."""

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

from rlef_core.errors import ExitCode, Interrupted

T = TypeVar("T")
_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_SHOW_CURSOR = "\x1b[?25h"


class Stopper:
    """Knows whether the user asked to stop."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._asked = asyncio.Event()
        self._say = say

    def check(self) -> None:
        """Raise Interrupted if the user asked to stop."""
        if self._asked.is_set():
            raise Interrupted("interrupted by the user")

    async def unless_stopped(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of `work`, which is cancelled when the user asks to stop; Interrupted is raised then."""
        if self._asked.is_set():
            work.close()
        self.check()
        playing = asyncio.ensure_future(work)
        asked = asyncio.ensure_future(self._asked.wait())
        try:
            await asyncio.wait({playing, asked}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            asked.cancel()
            if not playing.done():
                playing.cancel()
                with suppress(asyncio.CancelledError):
                    await playing
        if playing.cancelled():
            self.check()
        return playing.result()

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """Inside the block a signal raises KeyboardInterrupt where the program stands, even if that blocks the event loop."""
        if threading.current_thread() is not threading.main_thread():
            yield  # signals are the main thread's; whoever runs this elsewhere stops it in another way
            return
        before = {number: signal.signal(number, signal.default_int_handler) for number in _SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    @contextmanager
    def between_steps(self) -> Iterator[None]:
        """Inside the block a signal asks to stop; a second one ends the process at once (executors clean up after a dead owner)."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            loop.add_signal_handler(number, self._on_signal)
        try:
            yield
        finally:
            for number in _SIGNALS:
                loop.remove_signal_handler(number)

    def _on_signal(self) -> None:
        if self._asked.is_set():
            self._say("stopped at once; the last checkpoint is whole")
            if sys.stderr.isatty():
                sys.stderr.write(_SHOW_CURSOR)  # a live line hides it, and nothing after this line runs
                sys.stderr.flush()
            os._exit(ExitCode.INTERRUPTED)
        self._say("stopping: the current step ends and a checkpoint is written; once more to stop at once")
        self._asked.set()
