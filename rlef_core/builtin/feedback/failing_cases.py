"""Formatter `failing-cases`: names each failing public case, in the structure of the paper's appendix; every wording is a setting."""

from collections.abc import Sequence

from attrs import frozen

from rlef_core import Case, Context, Execution, FeedbackFormatter, Judgement, Message, Problem, component, positive, setting
from rlef_core.builtin.feedback.wording import describe_case, describe_outcome

OPENING = """\
Write a program in {language} that solves the problem below.
Put the whole program into one block fenced by ```{language} and ```, and use such a block for code only.

{statement}"""
FAILED = """\
Your program fails these tests:
{failures}

Write it again, corrected. Put the whole program into one block fenced by ```{language} and ```, and use such a block for code only."""
UNTESTED = """\
Your program was not tested, because the problem has no public tests.

Write it again if you can do better. Put the whole program into one block fenced by ```{language} and ```, and use such a block for code \
only."""
NO_PROGRAM = """\
Your answer holds no code.

Try again. Put the whole program into one block fenced by ```{language} and ```, and use such a block for code only."""


@frozen
class FailingCasesConfig:
    """Config of formatter `failing-cases`. Templates know `{language}`; see each help text for more."""

    system: str = setting("", help="system prompt; none if empty")
    opening: str = setting(OPENING, help="the first message; knows {statement}, {starter_code}, {language}")
    failed: str = setting(FAILED, help="after a program that failed; knows {failures}, {passes}, {language}")
    failure: str = setting("- {case}\n  {outcome}", help="one failing case; knows {case}, {outcome}, {number}")
    wrong_answer: str = setting(
        "expected: {expected}\n  observed: {observed}", help="outcome of a wrong answer; knows {expected}, {observed}"
    )
    runtime_error: str = setting("the program failed: {error}", help="outcome of an exception or a bad exit; knows {error}")
    time_limit: str = setting("the program took too long", help="outcome of a time-out")
    memory_limit: str = setting("the program ran out of memory", help="outcome of too much memory")
    output_limit: str = setting("the program printed too much", help="outcome of too much output")
    compile_error: str = setting("the program does not compile: {error}", help="outcome of a failed build; knows {error}")
    no_program: str = setting(NO_PROGRAM, help="after an answer without a program; knows {language}")
    passing: str = setting("- {case}: passed", help="one passing case, for templates that use {passes}; knows {case}, {number}")
    untested: str = setting(UNTESTED, help="after a program of a problem without public cases; knows {language}")
    case_characters: int = setting(512, help="all that is told of one case, shared by its parts", unit="characters", validator=positive)
    message_characters: int = setting(4096, help="all cases of one message together", unit="characters", validator=positive)


class FailingCases:
    """The formatter; see FailingCasesConfig."""

    def __init__(self, config: FailingCasesConfig) -> None:
        self._config = config

    def opening(self, problem: Problem) -> Sequence[Message]:
        first = _fill(self._config.opening, statement=problem.statement, starter_code=problem.starter_code, language=problem.language)
        system = [Message("system", self._config.system)] if self._config.system else []
        return [*system, Message("user", first)]

    def feedback(self, problem: Problem, execution: Execution | None) -> str:
        if execution is None:
            return _fill(self._config.no_program, language=problem.language)
        if not execution.judgements:
            return _fill(self._config.untested, language=problem.language)
        failed = [judgement for judgement in execution.judgements if not judgement.verdict.accepted]
        passed = [judgement for judgement in execution.judgements if judgement.verdict.accepted]
        failures = "\n".join(self._failure(problem.public_cases[judgement.case], judgement) for judgement in failed)
        passes = "\n".join(self._passing(problem.public_cases[judgement.case], judgement) for judgement in passed)
        return _fill(
            self._config.failed,
            failures=shorten(failures, self._config.message_characters),
            passes=shorten(passes, max(self._config.message_characters - len(failures), 0)),
            language=problem.language,
        )

    def _failure(self, case: Case, judgement: Judgement) -> str:
        part = self._config.case_characters // 3
        expected, observed, error = describe_outcome(case, judgement)
        outcome = _fill(
            getattr(self._config, judgement.verdict.value),
            expected=shorten(expected, part),
            observed=shorten(observed, part),
            error=shorten(error, 2 * part, keep="end"),
        )
        return _fill(self._config.failure, case=shorten(describe_case(case), part), outcome=outcome, number=str(judgement.case + 1))

    def _passing(self, case: Case, judgement: Judgement) -> str:
        return _fill(self._config.passing, case=shorten(describe_case(case), self._config.case_characters), number=str(judgement.case + 1))


def shorten(text: str, limit: int, keep: str = "start") -> str:
    """`text` in at most `limit` characters; what is left out is marked with `...`."""
    if len(text) <= limit:
        return text
    if limit <= 3:
        return text[:limit]
    return text[: limit - 3] + "..." if keep == "start" else "..." + text[3 - limit :]


def _fill(template: str, **parts: str) -> str:
    # Not str.format: statements and programs hold braces of their own. One pass, so that a filled-in part is never filled again.
    pieces = template.split("{")
    text = pieces[0]
    for piece in pieces[1:]:
        name, closed, rest = piece.partition("}")
        text += parts[name] + rest if closed and name in parts else "{" + piece
    return text


def build(config: FailingCasesConfig, context: Context) -> FeedbackFormatter:
    """Build the formatter."""
    return FailingCases(config)


COMPONENT = component(
    name="failing-cases",
    summary="each failing public case with expected and observed output, the error, or the limit (the paper's feedback)",
    config=FailingCasesConfig,
    build=build,
    example=FailingCasesConfig,
)
