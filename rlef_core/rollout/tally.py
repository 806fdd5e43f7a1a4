"""Running counts of long work, for whoever shows its progress."""

import time
from collections.abc import Callable

import attrs


@attrs.define
class Tally:
    """What was done since `started` (seconds of the monotonic clock). Written by one event loop, read by anyone."""

    phase: str = ""
    total: int = 0
    episodes: int = 0
    faults: int = 0
    solved: int = 0
    turns: int = 0
    tokens: int = 0
    programs: int = 0
    started: float = attrs.Factory(time.monotonic)
    beside: "Callable[[], Tally | None]" = lambda: None
    """The counts of what is played meanwhile, if anything is; any thread may call it."""

    def begin(self, phase: str, total: int) -> None:
        """Start a phase of `total` episodes: every count at zero, the clock now."""
        self.phase, self.total, self.started = phase, total, time.monotonic()
        self.episodes = self.faults = self.solved = self.turns = self.tokens = self.programs = 0

    @property
    def shown(self) -> "Tally":
        """The counts that tell more: its own, or those of what is played beside a phase without episodes."""
        return self if self.total else self.beside() or self

    @property
    def seconds(self) -> float:
        """Wall time since the phase began."""
        return max(time.monotonic() - self.started, 1e-9)
