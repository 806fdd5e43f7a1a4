"""Know of every rank which calls it has to answer yet, what it answered last and how it failed."""

from collections.abc import Callable, Iterable, Sequence
from threading import Condition
from time import monotonic
from typing import Any

from rlef_core import RlefError
from rlef_deepspeed.blame import Fault, LastWords, agreed, blamed, hung
from rlef_deepspeed.messages import Ended, Failure

GRACE_SECONDS = 3.0
"""How long the others are waited for once a rank has failed: one of them may be the cause."""


class Roll:
    """Written by the threads that listen to the ranks, read by the one that calls them."""

    def __init__(self, size: int, timeout: float, last_words: LastWords) -> None:
        self._timeout = timeout
        self._last_words = last_words
        self._change = Condition()
        self._due: dict[int, list[str]] = {rank: [] for rank in range(size)}
        self._answers: dict[int, Any] = {}
        self._faults: dict[int, Fault] = {}

    @property
    def idle(self) -> bool:
        """Every call was answered, and no rank has failed."""
        with self._change:
            return not self._faults and not self._silent(self._due)

    @property
    def broken(self) -> bool:
        """A rank has failed."""
        return bool(self._faults)

    def called(self, rank: int, method: str) -> None:
        """Note that a rank has something to answer."""
        with self._change:
            self._due[rank].append(method)

    def answered(self, rank: int, value: Any) -> None:
        """Note that a rank has answered."""
        self._note(rank, lambda: self._answers.update({rank: value}), answers=True)

    def failed(self, rank: int, what: Failure | Ended | None) -> None:
        """Note that a rank's call failed, or that it ended."""

        def note() -> None:
            call = self._due[rank][0] if self._due[rank] else ""
            self._faults.setdefault(rank, Fault(rank, call, what))

        self._note(rank, note, answers=isinstance(what, Failure))

    def answer(self, ranks: Sequence[int]) -> Any:
        """Wait until all `ranks` have answered all calls; return the first one's last answer.

        Raises the error that all of them raised alike, which leaves them in step; RankError, or another rank's own, where they are not.
        """
        with self._change:
            if self._everyone_in_time(ranks):
                return self._answers[ranks[0]]
            if not self._faults:
                raise OutOfStep(hung(self._silent(ranks), self._timeout, self._last_words))
            self._change.wait_for(lambda: set(self._silent(self._due)) <= set(self._faults), GRACE_SECONDS)
            faults, silent = list(self._faults.values()), self._silent(self._due)
            same = None if silent else agreed(faults, ranks)
            if same is None:
                raise OutOfStep(blamed(faults, [rank for rank in silent if rank not in self._faults], self._timeout, self._last_words))
            self._faults.clear()
            raise same

    def _note(self, rank: int, note: Callable[[], Any], *, answers: bool) -> None:
        with self._change:
            note()
            if answers:
                self._due[rank].pop(0)
            self._change.notify_all()

    def _silent(self, ranks: Iterable[int]) -> list[int]:
        return [rank for rank in ranks if self._due[rank]]

    def _everyone_in_time(self, ranks: Sequence[int]) -> bool:
        # the time runs from the first answer on: how long a call takes is not known, but all ranks take the same
        late: float | None = None
        while not self._faults:
            silent = self._silent(ranks)
            if not silent:
                return True
            if late is None and len(silent) < len(ranks):
                late = monotonic() + self._timeout
            self._change.wait(None if late is None else late - monotonic())
            if late is not None and monotonic() > late:
                return not self._faults and not self._silent(ranks)
        return False


class OutOfStep(Exception):
    """Ranks failed and cannot go on together; `error` is what to raise once they have been ended."""

    def __init__(self, error: RlefError) -> None:
        super().__init__(str(error))
        self.error = error
