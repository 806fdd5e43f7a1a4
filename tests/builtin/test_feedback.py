"""What a policy is told: each failing public case, within the caps, and nothing of what it must not see."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from rlef_core import (
    Action,
    CallCase,
    Case,
    Episode,
    EpisodeId,
    Execution,
    FileCase,
    Finish,
    Judgement,
    Message,
    Problem,
    Program,
    ScriptCase,
    StdioCase,
    Stop,
    Turn,
    UsageError,
    Verdict,
    encode_value,
)
from rlef_core.builtin.feedback.donors import RandomFeedback
from rlef_core.builtin.feedback.failing_cases import FailingCases, FailingCasesConfig, shorten
from rlef_core.builtin.feedback.silent import Silent
from rlef_core.training.codec import dump_episode


def problem(*cases: Case, id: str = "p") -> Problem:
    return Problem(id, "Add {things} up.", "python", cases)


def failed(case: int = 0, verdict: Verdict = Verdict.WRONG_ANSWER, output: bytes = b"", error: bytes = b"") -> Judgement:
    return Judgement(case, verdict, exit_code=1, output=output, error=error)


def told(cases: Sequence[Case], *judgements: Judgement, config: FailingCasesConfig = FailingCasesConfig()) -> str:
    return FailingCases(config).feedback(problem(*cases), Execution(judgements))


def test_the_first_message_holds_the_statement_as_it_is() -> None:
    (message,) = FailingCases(FailingCasesConfig()).opening(problem())
    assert message.role == "user"
    assert "Add {things} up." in message.content
    assert "```python" in message.content


def test_a_system_prompt_comes_first() -> None:
    system, _ = FailingCases(FailingCasesConfig(system="be brief")).opening(problem())
    assert system == Message("system", "be brief")


def test_a_wrong_answer_shows_input_expected_and_observed() -> None:
    text = told([StdioCase("1 2\n", "3\n")], failed(output=b"4\n"))
    assert text.startswith("Your program fails these tests:\n- input: 1 2\n  expected: 3\n  observed: 4\n")
    assert "Write it again" in text


def test_only_failing_cases_are_named_each_with_its_own_bullet() -> None:
    cases = [StdioCase("1", "1"), StdioCase("2", "2"), StdioCase("3", "3")]
    text = told(cases, failed(0), Judgement(1, Verdict.ACCEPTED), failed(2))
    assert text.count("\n- input: ") == 2
    assert "input: 2" not in text


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        (Verdict.TIME_LIMIT, "took too long"),
        (Verdict.MEMORY_LIMIT, "ran out of memory"),
        (Verdict.OUTPUT_LIMIT, "printed too much"),
        (Verdict.RUNTIME_ERROR, "the program failed: ValueError: x"),
        (Verdict.COMPILE_ERROR, "does not compile: ValueError: x"),
    ],
)
def test_each_verdict_has_its_words(verdict: Verdict, words: str) -> None:
    assert words in told([StdioCase("1", "1")], failed(verdict=verdict, error=b"ValueError: x\n"))


def test_a_call_shows_values_as_they_were_at_run_time() -> None:
    text = told([CallCase("f", (1, [2]), {"a": (3,)})], failed(output=encode_value({"a": [3]})))
    assert "- f(1, [2])\n  expected: {'a': (3,)}\n  observed: {'a': [3]}" in text


def test_a_file_and_a_script_are_described() -> None:
    cases = [FileCase("5", "6", "in.txt", "out.txt"), ScriptCase("assert f(1) == 2")]
    text = told(cases, failed(0, output=b"7"), failed(1, error=b"AssertionError"))
    assert "file in.txt: 5" in text
    assert "assert f(1) == 2" in text
    assert "observed: AssertionError" in text


def test_a_death_without_words_tells_the_signal_or_the_exit_code() -> None:
    crash = evolve(failed(verdict=Verdict.RUNTIME_ERROR), exit_code=None, signal=11)
    assert "killed by signal 11" in told([StdioCase("1", "1")], crash)
    assert "exit code 1" in told([StdioCase("1", "1")], failed(verdict=Verdict.RUNTIME_ERROR))


def test_an_answer_without_code_is_told_so() -> None:
    assert "holds no code" in FailingCases(FailingCasesConfig()).feedback(problem(), None)


def test_templates_are_settings_and_passing_cases_can_be_listed() -> None:
    wording = {"failed": "good: {passes} bad: {failures}", "failure": "{number}={outcome}", "passing": "{number}", "wrong_answer": "no"}
    config = FailingCasesConfig(**wording)
    assert told([StdioCase("", "1")] * 2, Judgement(0, Verdict.ACCEPTED), failed(1), config=config) == "good: 1 bad: 2=no"


def test_a_filled_in_part_is_never_filled_again() -> None:
    text = told([StdioCase("{observed}", "{error}")], failed(output=b"{case}"))
    assert "input: {observed}" in text
    assert "expected: {error}" in text
    assert "observed: {case}" in text


def test_output_that_is_no_text_is_shown_without_an_error() -> None:
    assert "observed: \\xff" in told([StdioCase("", "1")], failed(output=b"\xff"))


@given(st.text(max_size=200), st.integers(1, 50))
def test_shortened_text_keeps_within_its_limit(text: str, limit: int) -> None:
    assert len(shorten(text, limit)) <= limit
    assert len(shorten(text, limit, keep="end")) <= limit
    assert shorten(text, max(limit, len(text))) == text


def test_caps_hold_for_a_case_and_for_the_message() -> None:
    config = FailingCasesConfig(case_characters=20, message_characters=100)
    text = told([StdioCase("i" * 999, "e" * 999)] * 9, *(failed(case, output=b"o" * 999) for case in range(9)), config=config)
    assert len(text) < 100 + len(config.failed) + len("python") * 2
    assert "i" * 7 not in text


def test_all_that_is_told_of_one_case_keeps_within_its_cap() -> None:
    config = FailingCasesConfig(case_characters=90, failure="{case}{outcome}", wrong_answer="{expected}{observed}", failed="{failures}")
    text = told([StdioCase("i" * 999, "e" * 999)], failed(output=b"o" * 999), config=config)
    assert len(text) == 90
    assert all(letter in text for letter in "ieo")


def test_a_problem_without_public_cases_is_told_that_nothing_was_tested() -> None:
    assert "was not tested" in FailingCases(FailingCasesConfig()).feedback(problem(), Execution(()))


def test_a_value_too_long_to_keep_is_shown_by_its_head() -> None:
    assert "observed: [1, 1" in told([CallCase("f", (), [2])], failed(output=b"[1, 1, 1"))


def test_random_feedback_without_any_record_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no recorded training episode"):
        random_feedback(tmp_path).feedback(problem(StdioCase("1", "2")), Execution((failed(),)))


def test_a_traceback_keeps_its_end() -> None:
    text = told([StdioCase("", "")], failed(verdict=Verdict.RUNTIME_ERROR, error=b"x" * 2000 + b"ValueError: last line"))
    assert "ValueError: last line" in text


def test_none_tells_nothing_of_the_failure() -> None:
    silent = Silent(FailingCases(FailingCasesConfig()), "again")
    assert silent.feedback(problem(StdioCase("1", "2")), Execution((failed(output=b"3"),))) == "again"
    assert silent.opening(problem())[0].content.startswith("Write a program")


def recorded(directory: Path, *problems: Problem) -> None:
    """Write one failing episode of each problem as a run would."""
    journal = directory / "episodes" / "train.jsonl"
    journal.parent.mkdir(parents=True)
    lines = []
    for one in problems:
        action = Action("", (1,), (2,), (0.0,), (), Finish.STOP)
        turn = Turn((), action, Program("python", "x"), Execution((failed(output=one.id.encode()),)))
        episode = Episode(EpisodeId("train", 0, one.id, 0), one, (turn,), None, Stop.TURN_LIMIT)
        lines.append(dump_episode(episode, (-1.0,)) + "\n")
    journal.write_text("".join(lines))


def random_feedback(directory: Path, seed: int = 1) -> RandomFeedback:
    return RandomFeedback(FailingCases(FailingCasesConfig()), directory, 100, seed)


def test_random_feedback_is_of_another_problem_and_repeats_by_seed(tmp_path: Path) -> None:
    others = [problem(StdioCase(f"in-{n}", f"out-{n}"), id=f"p{n}") for n in range(20)]
    recorded(tmp_path, *others)
    texts = [random_feedback(tmp_path).feedback(other, Execution((failed(),))) for other in others]
    assert texts == [random_feedback(tmp_path).feedback(other, Execution((failed(),))) for other in others]
    assert texts != [random_feedback(tmp_path, seed=2).feedback(other, Execution((failed(),))) for other in others]
    assert all(f"in-{n}\n" not in text for n, text in enumerate(texts))
    assert len(set(texts)) > 5


def test_random_feedback_without_another_problem_is_a_clear_error(tmp_path: Path) -> None:
    only = problem(StdioCase("1", "2"), id="only")
    recorded(tmp_path, only)
    with pytest.raises(UsageError, match="expected other problems too"):
        random_feedback(tmp_path).feedback(only, Execution((failed(),)))
