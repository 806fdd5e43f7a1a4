"""Check a checker: it is pure, bears any bytes, accepts what is right and refuses what is not."""

import asyncio
import copy
import random
import time
from collections.abc import Iterator, Sequence

import pytest
from attrs import frozen

from rlef_core import CallCase, Case, Checker, Completed, FileCase, Job, RunTrusted, StdioCase, encode_value
from rlef_core.testing.suite import Suite, needs, promise

SLOWEST = 10.0
"""Seconds that deciding on one output may take."""


@frozen
class CheckedCase:
    """A case with an output that answers it and one that does not."""

    case: Case
    right: bytes
    wrong: bytes


CASES = (
    CheckedCase(StdioCase("1 2\n", "3\n"), b"3\n", b"4\n"),
    CheckedCase(StdioCase("", "yes 12 0.5\nno\n"), b"yes 12 0.5\nno\n", b"no 12 0.5\nyes\n"),
    CheckedCase(StdioCase("", "1 2 3"), b"1 2 3", b"1 2 3 4"),
    CheckedCase(FileCase("4", "4 5 6\n", "in.txt", "out.txt"), b"4 5 6\n", b"4 5\n"),
    CheckedCase(CallCase("f", (1,), [1, (2, "a")]), encode_value([1, (2, "a")]), encode_value([1, (2, "b")])),
    CheckedCase(CallCase("f", (), {"a": None}), encode_value({"a": None}), b"{'a': None}"),
)
HOSTILE = (
    *(b"\xff\xfe\xed\xa0\x80", b"\x00" * 100, b"\n" * 100_000, b" ", b"\r\n\v\t", b"nan", b"-inf", b"1e999999", b"0x10", b"1_000"),
    *(b"9" * 200_000, b"[" * 100_000, b"{" * 5000, b'{"$set": [[1]]}', b'{"$complex": [1]}', b'{"$unknown": 1}', b"1 " * 100_000),
)


class CheckerSuite(Suite):
    """The checks of a checker; the fixture to write is `checker`, and `cases` where the usual ones are not for it."""

    runs_nothing: bool = promise("the checker decides by itself and runs no program")
    refuses_nothing_as_an_answer: bool = promise("an empty output answers no case that expects one")

    @pytest.fixture
    def checker(self) -> Checker:
        """Stands in for the author's."""
        raise NotImplementedError(self.fixture_wanted("checker", "a Checker"))

    @pytest.fixture
    def cases(self) -> Sequence[CheckedCase]:
        """Cases of every kind that a checker compares outputs of."""
        return CASES

    @pytest.fixture
    def run_trusted(self) -> RunTrusted:
        """Runs the checker's own program; override it for a checker that has one."""
        return _run_nothing

    async def test_what_is_right_is_accepted_and_what_is_wrong_is_not(
        self, checker: Checker, cases: Sequence[CheckedCase], run_trusted: RunTrusted
    ) -> None:
        for each in cases:
            assert await checker.check(each.case, each.right, run_trusted) is True, f"refused {each.right!r} for {each.case!r}"
            assert await checker.check(each.case, each.wrong, run_trusted) is False, f"accepted {each.wrong!r} for {each.case!r}"

    @needs("refuses_nothing_as_an_answer")
    async def test_an_empty_output_is_refused(self, checker: Checker, cases: Sequence[CheckedCase], run_trusted: RunTrusted) -> None:
        for each in cases:
            assert await checker.check(each.case, b"", run_trusted) is False, f"accepted an empty output for {each.case!r}"

    async def test_any_bytes_are_refused_without_an_error_and_in_time(
        self, checker: Checker, cases: Sequence[CheckedCase], run_trusted: RunTrusted
    ) -> None:
        for each in cases:
            for output in (*HOSTILE, *noise()):
                started = time.monotonic()
                answer = await checker.check(each.case, output, run_trusted)
                took = time.monotonic() - started
                assert answer is False, f"accepted {output[:50]!r} for {each.case!r}"
                assert took < SLOWEST, f"took {took:.1f} s for {output[:50]!r}, expected less than {SLOWEST}"

    async def test_an_answer_that_was_changed_a_little_raises_nothing(
        self, checker: Checker, cases: Sequence[CheckedCase], run_trusted: RunTrusted
    ) -> None:
        for each in cases:
            for output in spoilt(each.right):
                answer = await checker.check(each.case, output, run_trusted)
                assert isinstance(answer, bool), f"found {answer!r} for {output!r}, expected True or False"

    async def test_the_same_output_has_the_same_answer_in_any_order(
        self, checker: Checker, cases: Sequence[CheckedCase], run_trusted: RunTrusted
    ) -> None:
        asked = [(each.case, output) for each in cases for output in (each.right, each.wrong, b"\xff")]
        kept = copy.deepcopy(asked)
        first = [await checker.check(*question, run_trusted) for question in asked]
        again = [await checker.check(*question, run_trusted) for question in reversed(asked)][::-1]
        at_once = await asyncio.gather(*(checker.check(*question, run_trusted) for question in asked))
        assert first == again == list(at_once), "answers changed with the order of questions, expected them to depend on each alone"
        assert asked == kept, "the checker changed a case"

    @needs("runs_nothing")
    async def test_no_program_is_run(self, checker: Checker, cases: Sequence[CheckedCase]) -> None:
        for each in cases:
            for output in (each.right, each.wrong):
                await checker.check(each.case, output, _run_nothing)


def noise() -> Iterator[bytes]:
    """Bytes drawn at random, the same ones each time."""
    drawn = random.Random(7)
    for length in (1, 2, 5, 50, 1000):
        for _ in range(10):
            # A first byte that no text begins with keeps a draw from being an answer by chance.
            yield b"\xff" + drawn.randbytes(length)


def spoilt(right: bytes) -> Iterator[bytes]:
    """A right output, cut, doubled, with bytes changed and put in."""
    drawn = random.Random(11)
    yield from (right[:-1], right[1:], right * 2, b" " + right, right + b"\n", right.replace(b" ", b"\t"), right.replace(b"\n", b"\r\n"))
    for _ in range(30):
        place = drawn.randrange(len(right))
        yield right[:place] + drawn.randbytes(1) + right[place + drawn.randrange(2) :]


async def _run_nothing(job: Job) -> Sequence[Completed]:
    raise AssertionError("the checker ran a program of its own: set runs_nothing = False and write the fixture `run_trusted`")
