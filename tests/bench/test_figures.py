"""Figures from windows, and goals from figures."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlef_core import Goal
from rlef_core.bench.figures import Figure, Ratio, of_windows, outcome, percentile, share_false
from rlef_core.bench.measure import Window

FAST, SLOW = Figure(40.0, 39.0, 42.0), Figure(8.0, 7.0, 9.0)


def window(latencies, **more):
    return Window(cases=10, latencies=latencies, **{"wall_seconds": 2.0, "cpu_seconds": 0.4, **more})


def test_rates_and_costs_are_per_program_and_per_case():
    figures = of_windows("mix", [window([0.1] * 20)], own_cpu_ms=0.5)
    assert {name: figure.value for name, figure in figures.items()} == pytest.approx(
        {
            "mix/programs_per_second": 10,
            "mix/cases_per_second": 100,
            "mix/cpu_ms_per_case": 2,
            "mix/cpu_ms_above_own": 1.5,
            "mix/p50_ms": 100,
            "mix/p99_ms": 100,
        }
    )


def test_a_figure_is_the_median_of_the_repeats_with_the_least_and_the_most():
    figures = of_windows("mix", [window([0.1] * count) for count in (10, 40, 20)], own_cpu_ms=0)
    assert figures["mix/programs_per_second"] == Figure(10, 5, 20)


def test_a_latency_is_over_the_programs_of_all_repeats():
    figures = of_windows("mix", [window([0.1] * 9), window([0.3])], own_cpu_ms=0)
    assert figures["mix/p50_ms"] == Figure(100, 100, 300)
    assert figures["mix/p99_ms"].value == 300


def test_a_program_lost_with_its_sandbox_is_no_false_verdict():
    assert share_false([window([0.1] * 4, false_verdicts=1, faults=2)]) == Figure(0.5, 0.5, 0.5)
    assert share_false([window([0.1] * 4, faults=4)]).value == 0


@given(st.lists(st.floats(0, 100), min_size=1), st.floats(0, 1))
def test_a_percentile_is_one_of_the_values_and_so_many_are_not_above_it(values, share):
    found = percentile(values, share)
    assert found in values
    assert sum(value <= found for value in values) >= share * len(values)


@pytest.mark.parametrize(
    ("goal", "found", "met"),
    [
        (Goal("fast", "rate", at_least=40), 40, True),
        (Goal("fast", "rate", at_least=41), 40, False),
        (Goal("fast", "rate", at_most=41), 40, True),
        (Goal("fast", "rate", at_most=39), 40, False),
        (Goal("fast", "rate", at_least=5, times="slow"), 5, True),
        (Goal("fast", "rate", at_least=5.1, times="slow"), 5, False),
        (Goal("fast", "rate", at_least=1, times="absent"), None, None),
        (Goal("fast", "absent", at_most=0), None, None),
    ],
)
def test_a_goal_is_met_missed_or_not_measured(goal, found, met):
    judged = outcome(goal, {"fast": {"rate": FAST}, "slow": {"rate": SLOW}})
    assert (judged.found, judged.met) == (found, met)


@pytest.mark.parametrize("bounds", [{}, {"at_least": 1, "at_most": 2}])
def test_a_goal_has_one_bound(bounds):
    with pytest.raises(ValueError, match="expected one of at_least, at_most"):
        Goal("fast", "rate", **bounds)


def test_a_ratio_is_taken_pair_by_pair_so_that_load_which_falls_on_both_does_not_count():
    alone = [10.0, 20.0, 40.0, 80.0]
    assert Ratio.of([2 * value for value in alone], alone) == Ratio(2, 2, 2)


@settings(max_examples=20)
@given(st.lists(st.tuples(st.floats(0.5, 2), st.floats(0.5, 2)), min_size=1, max_size=12))
def test_the_interval_holds_the_ratio_within_the_ratios_of_the_pairs_and_is_the_same_each_time(pairs):
    ours, theirs = zip(*pairs, strict=True)
    ratio = Ratio.of(ours, theirs)
    each = [mine / other for mine, other in pairs]
    assert min(each) <= ratio.low <= ratio.value <= ratio.high <= max(each)
    assert Ratio.of(ours, theirs) == ratio


def test_the_interval_narrows_with_the_number_of_pairs():
    few, many = ([1.0, 1.1, 1.2, 1.3, 1.4] * times for times in (1, 20))
    wide, narrow = (Ratio.of(values, [1.0] * len(values)) for values in (few, many))
    assert narrow.high - narrow.low < wide.high - wide.low
