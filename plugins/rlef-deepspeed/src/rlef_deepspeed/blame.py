"""Say which of several ranks that failed is the cause, in one line."""

import re
import signal
from collections.abc import Callable, Sequence

from attrs import frozen

from rlef_core import RlefError
from rlef_deepspeed.errors import RankError
from rlef_deepspeed.messages import Ended, Failure

LastWords = Callable[[int], str]
_TIMED_OUT = re.compile(r"timed? ?-?out", re.IGNORECASE)  # what gloo and NCCL say while they wait for a rank


@frozen
class Fault:
    """What a rank said, or how it ended, in which call. None: its connection was lost."""

    rank: int
    call: str
    what: Failure | Ended | None

    @property
    def explained(self) -> type[RlefError] | None:
        """The class of an error that rlef-core explains."""
        return self.what.kind if isinstance(self.what, Failure) else None


def agreed(faults: Sequence[Fault], ranks: Sequence[int]) -> RlefError | None:
    """Return the error that all `ranks` raised alike, which leaves them in step, or None."""
    kinds = {fault.explained for fault in faults}
    if None in kinds or len(kinds) != 1 or sorted(fault.rank for fault in faults) != sorted(ranks):
        return None
    return _made(min(faults, key=lambda fault: fault.rank), "")


def blamed(faults: Sequence[Fault], silent: Sequence[int], timeout: float, last_words: LastWords) -> RlefError:
    """Return the error of the rank that made the others fail.

    faults: at most one a rank, the first first. silent: the ranks that have not answered.
    """
    for fault in faults:
        if fault.explained:
            return _made(fault, f"rank {fault.rank}: ")
    waited = [
        fault for fault in faults if _TIMED_OUT.search(fault.what.text if isinstance(fault.what, Failure) else last_words(fault.rank))
    ]
    ended = [fault for fault in faults if not isinstance(fault.what, Failure) and fault not in waited]
    if not ended and silent and len(waited) == len(faults):
        return hung(silent, timeout, last_words)
    return RankError(_told((ended or list(faults))[0], last_words))


def hung(silent: Sequence[int], timeout: float, last_words: LastWords) -> RankError:
    """Return the error for ranks that did not answer."""
    names = " and ".join(f"rank {rank}" for rank in silent)
    return RankError(f"{names} did not answer within optimizer.timeout_seconds ({timeout:g} s); {last_words(silent[0])}")


def _made(fault: Fault, prefix: str) -> RlefError:
    assert isinstance(fault.what, Failure)
    assert fault.what.kind is not None
    return fault.what.kind(f"{prefix}{fault.what.text}")


def _told(fault: Fault, last_words: LastWords) -> str:
    name, during = f"rank {fault.rank}", f" during {fault.call}" if fault.call else ""
    match fault.what:
        case Failure(_, kind, text):
            return f"{name} failed{during}: {kind}: {' '.join(text.split())}; {last_words(fault.rank)}"
        case Ended(status):
            return f"{name} {_ended(status)}{during}; {last_words(fault.rank)}"
        case None:
            return f"{name} is lost{during}: its warden was killed, or its machine cannot be reached; {last_words(fault.rank)}"


def _ended(status: int) -> str:
    if status >= 0:
        return f"ended with exit status {status}"
    name = signal.Signals(-status).name
    hint = ", as the kernel does when memory runs out" if status == -signal.SIGKILL else ""
    return f"was ended by signal {-status} ({name}{hint})"
