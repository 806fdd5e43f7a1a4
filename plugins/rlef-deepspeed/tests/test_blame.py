"""Of several ranks that failed, the one that made the others fail is named."""

import pytest

from rlef_core import CheckpointError, TrainingDiverged
from rlef_deepspeed.blame import Fault, agreed, blamed, hung
from rlef_deepspeed.errors import RankError
from rlef_deepspeed.messages import Ended, Failure

LOST_PEER = Failure(None, "RuntimeError", "[gloo/transport/tcp/pair.cc:547] Connection closed by peer [127.0.0.1]:1234")
TIMED_OUT = Failure(None, "RuntimeError", "[gloo/transport/tcp/buffer.cc:84] Timed out waiting 5000ms for recv operation to complete")
DIVERGED = Failure(TrainingDiverged, "TrainingDiverged", "the loss is not finite")
WRONG = Failure(None, "ValueError", "a bad\nvalue")
KILLED = Ended(-9)


def fault(rank: int, what: Failure | Ended | None) -> Fault:
    return Fault(rank, "learn", what)


@pytest.mark.parametrize(
    ("faults", "silent", "told"),
    [
        ([fault(1, WRONG)], [0], "rank 1 failed during learn: ValueError: a bad value; log 1"),
        ([fault(1, WRONG), fault(0, LOST_PEER)], [], "rank 1 failed during learn: ValueError: a bad value; log 1"),
        ([fault(0, LOST_PEER), fault(1, KILLED)], [], "rank 1 was ended by signal 9"),
        ([fault(0, TIMED_OUT), fault(1, KILLED)], [], "rank 1 was ended by signal 9"),
        ([fault(0, TIMED_OUT)], [1], "rank 1 did not answer within optimizer.timeout_seconds (5 s); log 1"),
        ([fault(0, TIMED_OUT), fault(2, TIMED_OUT)], [1, 3], "rank 1 and rank 3 did not answer within"),
        ([fault(0, TIMED_OUT), fault(1, TIMED_OUT)], [], "rank 0 failed during learn: RuntimeError: [gloo"),
        ([fault(2, None)], [0, 1], "rank 2 is lost during learn: "),
        ([fault(2, Ended(3))], [0, 1], "rank 2 ended with exit status 3 during learn; log 2"),
    ],
)
def test_the_cause_is_told_and_not_what_came_of_it(faults: list[Fault], silent: list[int], told: str) -> None:
    error = blamed(faults, silent, 5.0, "log {}".format)
    assert isinstance(error, RankError)
    assert str(error).startswith(told)


def test_nccl_ends_the_ranks_that_waited_and_the_one_that_hung_is_named() -> None:
    said = {0: "Watchdog caught collective operation timeout", 1: "step 7"}
    assert str(blamed([fault(0, Ended(-6))], [1], 5.0, said.__getitem__)).startswith("rank 1 did not answer")


def test_an_error_that_explains_itself_keeps_its_class_and_names_the_rank() -> None:
    error = blamed([fault(0, LOST_PEER), fault(1, DIVERGED)], [], 5.0, "log {}".format)
    assert isinstance(error, TrainingDiverged)
    assert str(error) == "rank 1: the loss is not finite"


def test_ranks_agree_only_where_all_raised_the_same() -> None:
    other = Failure(CheckpointError, "CheckpointError", "there is no checkpoint")
    both = [fault(1, DIVERGED), fault(0, DIVERGED)]
    assert str(agreed(both, [0, 1])) == "the loss is not finite"
    assert agreed(both, [0, 1, 2]) is None
    assert agreed([fault(0, DIVERGED), fault(1, other)], [0, 1]) is None
    assert agreed([fault(0, WRONG), fault(1, WRONG)], [0, 1]) is None


def test_ranks_that_hang_are_all_named() -> None:
    assert str(hung([0, 2], 1800.0, "log {}".format)) == "rank 0 and rank 2 did not answer within optimizer.timeout_seconds (1800 s); log 0"
