"""Solve rates, held against numbers worked by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlef_core import (
    Action,
    Episode,
    EpisodeId,
    Execution,
    Finish,
    Judgement,
    Problem,
    Program,
    StdioCase,
    Stop,
    TooManyFaults,
    Turn,
    Verdict,
)
from rlef_core.evaluation.solve_rate import single_turn_rates, solve_rates, wilson

ACTION = Action("", (1,), (2,), (0.0,), (), Finish.STOP)
PROBLEM = Problem("p", "", "python", (StdioCase("", ""),))


def execution(accepted: bool) -> Execution:
    return Execution((Judgement(0, Verdict.ACCEPTED if accepted else Verdict.WRONG_ANSWER),))


def episode(task: str, *, turns: int = 1, public: bool = True, private: bool = True, number: int = 0) -> Episode:
    """An episode of so many turns whose last program passed the public cases or not, and the private ones or not."""
    played = [Turn((), ACTION, Program("python", ""), execution(False)) for _ in range(turns - 1)]
    played.append(Turn((), ACTION, Program("python", ""), execution(public)))
    submitted = execution(private) if public else None
    return Episode(EpisodeId("base", 0, task, number), PROBLEM, tuple(played), submitted, Stop.TURN_LIMIT)


def test_an_episode_counts_as_solved_from_the_turn_at_which_it_stopped() -> None:
    rates = solve_rates([episode("a"), episode("b", turns=2), episode("c", turns=3), episode("d", turns=3, public=False)], 3)
    assert rates["solve_rate"] == 0.75
    assert rates["solve_rate_by_turn"] == [0.25, 0.5, 0.75]
    assert rates["turns"] == 2.25
    assert rates["episodes"] == 4


def test_passing_the_public_cases_alone_solves_nothing() -> None:
    assert solve_rates([episode("a", private=False)], 3)["solve_rate"] == 0.0


def test_of_independent_answers_the_first_that_passes_the_public_cases_is_submitted() -> None:
    answers = [
        episode("a", public=False, number=0), episode("a", private=False, number=1), episode("a", number=2),
        episode("b", public=False, number=0), episode("b", number=1), episode("b", public=False, number=2),
    ]  # fmt: skip
    rates = single_turn_rates(answers, 3)
    assert rates["solve_rate"] == 0.5
    assert rates["solve_rate_by_turn"] == [0.0, 0.5, 0.5]
    assert rates["episodes"] == 2


def test_a_task_that_lost_an_answer_to_a_fault_is_left_out() -> None:
    assert single_turn_rates([episode("a", number=0), episode("b", number=0), episode("b", number=1)], 2)["episodes"] == 1


def test_a_task_that_was_drawn_twice_is_submitted_twice() -> None:
    answers = [
        episode("a", public=False, number=0),
        episode("a", number=1),
        episode("a", public=False, number=2),
        episode("a", public=False, number=3),
    ]
    rates = single_turn_rates(answers, 2)
    assert (rates["episodes"], rates["solve_rate"]) == (2, 0.5)


def test_no_task_with_all_its_answers_is_explained() -> None:
    with pytest.raises(TooManyFaults, match="lost some to faults"):
        single_turn_rates([episode("a", number=0)], 2)


def test_the_wilson_interval_of_nine_in_ten() -> None:
    assert wilson(9, 10) == pytest.approx((0.5958, 0.9821), abs=1e-4)


@given(st.integers(1, 500), st.data())
def test_the_wilson_interval_holds_its_rate_and_stays_within_zero_and_one(total: int, data: st.DataObject) -> None:
    solved = data.draw(st.integers(0, total))
    low, high = wilson(solved, total)
    assert -1e-12 <= low <= solved / total + 1e-12
    assert solved / total - 1e-12 <= high <= 1 + 1e-12
