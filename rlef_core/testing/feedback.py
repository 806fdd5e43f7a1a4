"""Check a feedback formatter: it is pure, bears whatever a program wrote, and can tell nothing but what it was given."""

import copy
from collections.abc import Iterator, Sequence

import attrs
import pytest

from rlef_core import (
    CallCase,
    Case,
    Execution,
    FeedbackFormatter,
    FileCase,
    Judgement,
    Message,
    Problem,
    ScriptCase,
    StdioCase,
    Verdict,
)
from rlef_core.testing.suite import Suite, needs, promise

CASES: tuple[Case, ...] = (
    StdioCase("1 2\n", "3\n"),
    StdioCase("{statement} {0} %s", "{expected}"),
    CallCase("add", (1, [2, (3,)]), {"sum": 6}),
    FileCase("4 5", "9", "in.txt", "out.txt"),
    ScriptCase("assert add(1, 1) == 2"),
)
PRIVATE = "a-private-case-9d2f"
HOSTILE = (b"", b"\xff\xfe\x00\xed\xa0\x80", b"{expected} {0} %s \\", b"```\n<|im_end|>\x1b[2J", b"\n" * 5000, b"x" * 200_000, b"\r\xc3(")
ROLES = ("system", "user", "assistant")
LONGEST = 100_000
"""Characters of a message beyond which it fills any model's context."""


class FeedbackSuite(Suite):
    """The checks of a feedback formatter; the fixture to write is `formatter`.

    A formatter is never given a private case. What the suite can find is one that keeps what an earlier call showed it and tells it in
    another problem's feedback, and one that cannot stand judgements of cases that the problem does not show.
    """

    tells_only_this_problem: bool = promise("feedback tells nothing of another problem that the formatter saw before")
    has_bounded_feedback: bool = promise(f"feedback stays below {LONGEST} characters whatever a program wrote")

    @pytest.fixture
    def formatter(self) -> FeedbackFormatter:
        """Stands in for the author's."""
        raise NotImplementedError(self.fixture_wanted("formatter", "a FeedbackFormatter"))

    @pytest.fixture
    def problem(self) -> Problem:
        """A problem with a public case of every kind; override it for a formatter of a certain language."""
        return Problem("add", "Add the {numbers}.", "any-language", CASES, starter_code="def add(a, b):")

    def test_the_opening_holds_messages_and_ends_with_one_for_the_policy(self, formatter: FeedbackFormatter, problem: Problem) -> None:
        opening = list(formatter.opening(problem))
        assert opening, "found no message in the opening, expected at least one"
        wrong = [message for message in opening if not isinstance(message, Message) or message.role not in ROLES]
        assert not wrong, f"found {wrong}, expected messages of the roles {', '.join(ROLES)}"
        assert opening[-1].role == "user", f"the opening ends with a message of role {opening[-1].role!r}, expected 'user'"
        assert any(message.content.strip() for message in opening), "found only empty messages in the opening"

    def test_the_opening_tells_the_statement(self, formatter: FeedbackFormatter, problem: Problem) -> None:
        told = "\n".join(message.content for message in formatter.opening(problem))
        assert problem.statement in told, f"found no statement in the opening: {told!r:.300}"

    def test_the_same_problem_has_the_same_opening(self, formatter: FeedbackFormatter, problem: Problem) -> None:
        before = list(formatter.opening(problem))
        formatter.feedback(problem, execution(Verdict.WRONG_ANSWER))
        assert list(formatter.opening(problem)) == before, "the opening changed after another call, expected it to be pure"

    @pytest.mark.parametrize("verdict", list(Verdict))
    def test_every_verdict_has_feedback_and_the_same_each_time(
        self, formatter: FeedbackFormatter, problem: Problem, verdict: Verdict
    ) -> None:
        given = execution(verdict)
        kept = copy.deepcopy((problem, given))
        first = told(formatter, problem, given)
        formatter.feedback(problem, None)
        assert told(formatter, problem, given) == first, "the same execution had other feedback the second time, expected it to be pure"
        assert (problem, given) == kept, "the formatter changed what it was given"

    def test_an_answer_without_a_program_has_feedback(self, formatter: FeedbackFormatter, problem: Problem) -> None:
        assert told(formatter, problem, None).strip(), "found empty feedback for an answer without a program"

    def test_a_problem_without_public_cases_has_feedback(self, formatter: FeedbackFormatter, problem: Problem) -> None:
        bare = attrs.evolve(problem, public_cases=())
        assert list(formatter.opening(bare))
        assert told(formatter, bare, Execution(())).strip(), "found empty feedback for a problem without public cases"

    @pytest.mark.parametrize("written", HOSTILE)
    @pytest.mark.parametrize("verdict", [Verdict.WRONG_ANSWER, Verdict.RUNTIME_ERROR, Verdict.COMPILE_ERROR])
    def test_whatever_a_program_wrote_is_borne_and_can_be_encoded(
        self, formatter: FeedbackFormatter, problem: Problem, verdict: Verdict, written: bytes
    ) -> None:
        told(formatter, problem, execution(verdict, written)).encode("utf-8")

    @needs("has_bounded_feedback")
    def test_a_flood_of_output_makes_no_flood_of_feedback(self, formatter: FeedbackFormatter, problem: Problem) -> None:
        many = attrs.evolve(problem, public_cases=(StdioCase("1" * 10_000, "2" * 10_000),) * 100)
        judged = Execution(tuple(judgement(n, Verdict.WRONG_ANSWER, b"3" * 16_000) for n in range(100)))
        length = len(told(formatter, many, judged))
        assert length < LONGEST, f"found {length} characters of feedback, expected fewer than {LONGEST}"

    @needs("tells_only_this_problem")
    def test_what_another_problem_showed_is_not_told(self, formatter: FeedbackFormatter, problem: Problem) -> None:
        other = Problem("other", f"Another {PRIVATE}.", problem.language, (StdioCase(PRIVATE, PRIVATE),))
        before = [*self._all_feedback(formatter, problem)]
        formatter.opening(other)
        formatter.feedback(other, Execution((judgement(0, Verdict.WRONG_ANSWER, PRIVATE.encode()),)))
        after = [*self._all_feedback(formatter, problem)]
        leaking = [text for text in after if PRIVATE in text]
        assert not leaking, f"feedback tells what only another problem showed: {leaking[0]!r:.300}"
        assert after == before, "feedback changed after another problem was seen, expected it to be pure"

    @needs("tells_only_this_problem")
    def test_a_judgement_of_a_case_that_the_problem_does_not_show_is_not_told(self, formatter: FeedbackFormatter, problem: Problem) -> None:
        beyond = judgement(len(problem.public_cases), Verdict.WRONG_ANSWER, PRIVATE.encode())
        judged = Execution((*execution(Verdict.WRONG_ANSWER).judgements, beyond))
        try:
            text = formatter.feedback(problem, judged)
        except Exception:  # refusing what cannot be is as good as leaving it out
            return
        assert PRIVATE not in text, f"feedback tells a judgement of a private case: {text!r:.300}"

    def _all_feedback(self, formatter: FeedbackFormatter, problem: Problem) -> Iterator[str]:
        for verdict in Verdict:
            yield told(formatter, problem, execution(verdict))
        yield from (message.content for message in formatter.opening(problem))


def told(formatter: FeedbackFormatter, problem: Problem, given: Execution | None) -> str:
    """The feedback, which must be text."""
    text = formatter.feedback(problem, given)
    assert isinstance(text, str), f"feedback returned a {type(text).__name__}, expected text"
    return text


def execution(verdict: Verdict, written: bytes = b"7\n", cases: Sequence[Case] = CASES) -> Execution:
    """One judgement a case; of a program that could not be built, one in all."""
    count = 1 if verdict is Verdict.COMPILE_ERROR else len(cases)
    return Execution(tuple(judgement(number, verdict, written) for number in range(count)))


def judgement(case: int, verdict: Verdict, written: bytes) -> Judgement:
    """A judgement whose program wrote the same on both streams."""
    code = 0 if verdict in (Verdict.ACCEPTED, Verdict.WRONG_ANSWER) else 1
    return Judgement(case, verdict, 0.1, 0.2, 1_000_000, exit_code=code, output=written, error=written)
