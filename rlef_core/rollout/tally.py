"""Running counts of long work, for whoever shows its progress."""

import time

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

    def begin(self, phase: str, total: int) -> None:
        """Start a phase of `total` episodes: every count at zero, the clock now."""
        self.phase, self.total, self.started = phase, total, time.monotonic()
        self.episodes = self.faults = self.solved = self.turns = self.tokens = self.programs = 0

    @property
    def seconds(self) -> float:
        """Wall time since the phase began."""
        return max(time.monotonic() - self.started, 1e-9)
