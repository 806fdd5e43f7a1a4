"""Deliver lifecycle hooks: in order, by one worker thread, so that no plugin can slow or stop a run."""

import queue
import threading
from collections.abc import Callable
from typing import Any

from rlef_core.registry import Registry


class Events:
    """Call `emit` from the loop; every plugin's hook gets the frozen records, in order. `report` is told of each raise,
    with the plugin's name."""

    def __init__(self, registry: Registry, report: Callable[[str], None]) -> None:
        self._registry = registry
        self._report = report
        self._queue: queue.SimpleQueue[tuple[str, dict[str, Any]] | None] = queue.SimpleQueue()
        self._worker = threading.Thread(target=self._work, name="rlef-events", daemon=True)
        self._worker.start()

    def emit(self, hook: str, **arguments: Any) -> None:
        """Queue one event; returns at once."""
        self._queue.put((hook, arguments))

    def drain(self) -> None:
        """Deliver all that was emitted and end the thread."""
        self._queue.put(None)
        self._worker.join()

    def _work(self) -> None:
        while (event := self._queue.get()) is not None:
            hook, arguments = event
            for plugin, call in self._registry.lifecycle(hook):
                try:
                    call(**arguments)
                except Exception as error:
                    self._report(
                        f"plugin {plugin.name} (distribution {plugin.distribution} {plugin.version}) failed in {hook}: "
                        f"{type(error).__name__}: {error}; the run goes on"
                    )
