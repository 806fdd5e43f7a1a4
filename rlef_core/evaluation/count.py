"""Running counts of programs that are judged outside of episodes, and numbers with the right plurals, for whoever shows them."""

import attrs

from rlef_core.rollout.tally import Tally


def counted(number: int, thing: str) -> str:
    """`1 row`, `2 rows`: so many of what `thing` begins with, as in `2 rows rejected`."""
    word, space, rest = thing.partition(" ")
    return f"{number} {word}{'' if number == 1 else 's'}{space}{rest}"


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
