"""Each guard trips on what it watches and on nothing else; the lookout says once what it found, also over a resumption."""

from math import inf, isfinite, nan
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlef_core.spec.guards import FaultsGuard, GuardsBlock, KlGuard, LossGuard, NotFiniteGuard
from rlef_core.training.guards import (
    Lookout,
    collapsed_entropy,
    exploding_loss,
    exploding_responses,
    far_from_the_initial_policy,
    guards_of,
    not_finite,
    too_many_faults,
)

NUMBERS = st.floats(-1e6, 1e6)


def history(name: str, *values: float) -> list[dict[str, float]]:
    return [{name: value} for value in values]


def test_a_figure_that_is_no_number_is_named() -> None:
    found = not_finite([{"a/loss": nan}, {"a/loss": 1.0, "a/norm": inf, "a/kl": nan}])
    assert found == "not finite: a/kl is nan, a/norm is inf"
    assert not_finite([{"a/loss": nan}, {"a/loss": 1.0}]) is None


def test_a_loss_over_its_usual_size_is_found_whatever_its_sign() -> None:
    assert exploding_loss(history("a/policy_loss", 2, -2, 3, 2, -50), bound=20) == (
        "a/policy_loss is -50, over 20 times its usual size of 2"
    )
    assert exploding_loss(history("a/policy_loss", 2, -2, 3, 2, -40), bound=20) is None


def test_a_loss_about_zero_is_measured_against_one() -> None:
    assert exploding_loss(history("a/loss", 1e-9, 1e-9, 1e-9, 1e-9, 19.0), bound=20) is None
    assert exploding_loss(history("a/loss", 1e-9, 1e-9, 1e-9, 1e-9, 21.0), bound=20) is not None


def test_a_loss_is_not_judged_before_enough_of_it_was_seen() -> None:
    assert exploding_loss(history("a/loss", 1, 1, 1, 1e6), bound=20) is None
    appearing = [{"b/other": 1.0}] * 9 + history("a/loss", 1, 1e6)
    assert exploding_loss(appearing, bound=20) is None


def test_figures_that_are_no_losses_may_be_of_any_size() -> None:
    assert exploding_loss(history("a/loss_scale", 1, 1, 1, 1, 1e9), bound=20) is None


@given(before=st.lists(NUMBERS, max_size=20), factor=st.floats(1, 100))
def test_a_loss_within_the_bound_of_the_smallest_before_it_never_trips(before: list[float], factor: float) -> None:
    least = min((abs(value) for value in before), default=0.0)
    for newest in (least * factor, -least * factor):
        assert exploding_loss(history("a/loss", *before, newest), bound=factor * (1 + 1e-9)) is None


def test_collapsed_entropy_is_found_and_its_absence_is_not() -> None:
    assert collapsed_entropy(history("optimizer/entropy", 0.5, 0.004), bound=0.01) == "optimizer/entropy is 0.004 nats, below 0.01"
    assert collapsed_entropy(history("optimizer/entropy", 0.001, 0.01), bound=0.01) is None
    assert collapsed_entropy([{"a/loss": 0.0}], bound=0.01) is None


def test_answers_that_grow_suddenly_are_found() -> None:
    name = "rollout/response_tokens"
    assert exploding_responses(history(name, 100, 110, 90, 100, 301), bound=3) == f"{name} is 301, over 3 times its usual 100"
    assert exploding_responses(history(name, 100, 110, 90, 100, 300), bound=3) is None
    assert exploding_responses(history(name, 100, 100, 100, 301), bound=3) is None


@given(start=st.floats(1, 1000), growth=st.floats(1.0, 1.1))
def test_answers_that_grow_slowly_are_not(start: float, growth: float) -> None:
    window = [start * growth**number for number in range(16)]
    assert exploding_responses(history("rollout/response_tokens", *window), bound=3) is None


def test_a_policy_far_from_its_beginning_is_found() -> None:
    assert far_from_the_initial_policy(history("optimizer/kl", 0.1, 1.5), bound=1) == "optimizer/kl is 1.5 nats, above 1"
    assert far_from_the_initial_policy(history("optimizer/kl", 5, 1.0), bound=1) is None
    assert far_from_the_initial_policy([{}], bound=1) is None


def test_faults_are_counted_over_the_whole_window() -> None:
    window = [{"rollout/faults": 1.0, "rollout/episodes": 49.0}, {"rollout/faults": 2.0, "rollout/episodes": 48.0}]
    assert too_many_faults(window, bound=0.02) == "3 of the last 100 episodes faulted, more than the share 0.02"
    assert too_many_faults(window, bound=0.03) is None
    assert too_many_faults([{}], bound=0.02) is None


@given(
    st.lists(
        st.dictionaries(st.sampled_from(["a/loss", "optimizer/kl", "optimizer/entropy", "rollout/faults"]), NUMBERS | st.just(nan)),
        min_size=1,
    )
)
def test_no_history_makes_a_guard_raise_and_each_answers_the_same_again(metrics: list[dict[str, float]]) -> None:
    for guard in guards_of(GuardsBlock()).values():
        assert guard(metrics) == guard(metrics)


def test_a_guard_that_is_off_is_not_asked() -> None:
    assert "kl" not in guards_of(GuardsBlock(kl=KlGuard(action="off")))
    assert Lookout(GuardsBlock(not_finite=NotFiniteGuard(action="off"))).look({"a/loss": nan}) == []


def test_a_trip_is_new_once_until_all_was_well_again() -> None:
    lookout = Lookout(GuardsBlock())
    trips = [lookout.look({"optimizer/kl": kl}) for kl in (0.5, 1.5, 1.6, 0.5, 1.5)]
    assert [[trip.again for trip in each] for each in trips] == [[], [False], [True], [], [False]]


def test_a_trip_by_bounds_that_were_changed_is_new() -> None:
    lookout = Lookout(GuardsBlock(kl=KlGuard(bound=0.1)))
    lookout.recall([{"optimizer/kl": 0.5}])
    lookout.tell_anew()
    trips = [lookout.look({"optimizer/kl": kl}) for kl in (0.5, 0.5)]
    assert [[trip.again for trip in each] for each in trips] == [[False], [True]]


def test_health_is_lost_until_it_is_set_again() -> None:
    lookout = Lookout(GuardsBlock())
    lookout.look({"optimizer/kl": 2.0})
    lookout.look({"optimizer/kl": 0.0})
    assert not lookout.quiet


FIGURES = st.fixed_dictionaries({"a/loss": st.sampled_from([0.5, 2.0, 90.0, nan]), "rollout/faults": st.sampled_from([0.0, 3.0])})


@given(metrics=st.lists(FIGURES, min_size=1, max_size=30), window=st.integers(5, 8), data=st.data())
def test_a_lookout_that_recalls_finds_what_an_unbroken_one_finds(metrics: list[dict[str, float]], window: int, data: Any) -> None:
    block = GuardsBlock(window=window, loss=LossGuard(bound=3.0, action="warn"), faults=FaultsGuard(bound=0.5))
    unbroken, resumed = Lookout(block), Lookout(block)
    cut = data.draw(st.integers(0, len(metrics)))
    for each in metrics[:cut]:
        unbroken.look(each)
    resumed.recall(metrics[:cut])
    assert [unbroken.look(each) for each in metrics[cut:]] == [resumed.look(each) for each in metrics[cut:]]


@pytest.mark.parametrize("entropy", [0.37, 0.17])
def test_the_figures_of_a_healthy_run_trip_nothing(entropy: float) -> None:
    """What the quickstart reports at its beginning and at its end; the value loss falls from its first collection's."""
    figures = {"optimizer/value_loss": 0.43, "optimizer/policy_loss": 0.045, "optimizer/entropy": entropy, "optimizer/kl": 0.26}
    lookout = Lookout(GuardsBlock())
    lookout.recall([{"optimizer/value_loss": 2.09, "rollout/response_tokens": 8.29}])
    assert all(map(isfinite, figures.values()))
    assert [lookout.look({**figures, "rollout/response_tokens": 7.4, "rollout/episodes": 256}) for _ in range(20)] == [[]] * 20
