"""Count what an engine does, so that every request can be told how it went."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from rlef_torch.request import Request


class Pace:
    """Counts forward passes, the ids sampled by them, and the seconds that they took."""

    def __init__(self) -> None:
        self._passes = 0
        self._ids = 0
        self._seconds = 0.0

    def start(self, request: Request) -> None:
        """Note on a request what has been counted before it."""
        request.started = (self._passes, self._ids, self._seconds)

    def count(self, ids: int) -> None:
        """Count a pass that samples so many ids."""
        self._passes += 1
        self._ids += ids

    @contextmanager
    def busy(self) -> Iterator[None]:
        """Count the seconds of the block."""
        began = time.perf_counter()
        yield
        self._seconds += time.perf_counter() - began

    def figures(self, request: Request, evictions: int) -> Mapping[str, float]:
        """Return the metrics of a request that has ended, all passes since its start taken together."""
        passes, ids, seconds = request.started
        return {
            "policy/batch_size": (self._ids - ids) / max(self._passes - passes, 1),
            "policy/tokens_per_second": (self._ids - ids) / max(self._seconds - seconds, 1e-9),
            "policy/kv_reuse_rate": request.reused / len(request.prompt),
            "policy/kv_evictions": evictions,
        }
