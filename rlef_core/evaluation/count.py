"""Running counts of programs that are judged outside of episodes, for whoever shows their progress."""

import attrs

from rlef_core.rollout.tally import Tally


@attrs.define
class Count(Tally):
    """`done` of `total` (0: not known) things called `unit`, among them `failed`, by running `programs`."""

    unit: str = "programs"
    done: int = 0
    failed: int = 0

    def add(self, *, programs: int, failed: bool) -> None:
        """One more is done."""
        self.done += 1
        self.programs += programs
        self.failed += failed
