"""Baselines and advantages of groups worked by hand, and what holds for every group."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from rlef_core import EpisodeId
from rlef_torch.groups import equal, group_mean, group_targets, groups_of, leave_one_out, over_groups
from rlef_torch.returns import Scores

RETURNS = st.lists(st.sampled_from([-1.4, -1.2, -1.0, 0.8, 1.0]), min_size=1, max_size=9)


def doubles(*numbers: float) -> Tensor:
    return torch.tensor(numbers, dtype=torch.float64)


def test_groups_are_the_episodes_of_one_task_and_collection_wherever_they_stand() -> None:
    ids = [
        EpisodeId("train", collection, task, number) for collection, task, number in [(0, "a", 0), (0, "b", 0), (0, "a", 1), (1, "a", 0)]
    ]
    assert groups_of(ids) == [[0, 2], [1], [3]]


def test_grpos_advantages_worked_by_hand() -> None:
    # mean 0, deviation sqrt((1 + 1 + 9 + 9) / 4) = sqrt 5
    baseline, advantages = group_mean(doubles(1, -1, 3, -3))
    assert baseline.tolist() == [0, 0, 0, 0]
    assert advantages.tolist() == pytest.approx([each / math.sqrt(5) for each in (1, -1, 3, -3)])


def test_grpos_advantages_without_the_division_are_distances_from_the_mean() -> None:
    assert group_mean(doubles(2, 0, 4, -2), divide=False)[1].tolist() == [1, -1, 3, -3]


def test_rloos_baseline_is_the_mean_of_the_others() -> None:
    # the others of 1, 2 and 6 have means 4, 3.5 and 1.5
    baseline, advantages = leave_one_out(doubles(1, 2, 6))
    assert baseline.tolist() == [4, 3.5, 1.5]
    assert advantages.tolist() == [-3, -1.5, 4.5]


@given(RETURNS)
def test_the_advantages_of_a_group_add_up_to_nothing(returns: list[float]) -> None:
    for baseline in (leave_one_out, group_mean):
        assert baseline(doubles(*returns))[1].sum().item() == pytest.approx(0, abs=1e-6)


@given(RETURNS)
def test_leaving_one_out_stretches_the_distance_from_the_mean(returns: list[float]) -> None:
    # R - mean of the others = (R - mean of all) * G / (G - 1)
    size = len(returns)
    stretched = group_mean(doubles(*returns), divide=False)[1] * (size / (size - 1) if size > 1 else 0)
    torch.testing.assert_close(leave_one_out(doubles(*returns))[1], stretched, atol=1e-12, rtol=0)


@given(st.floats(-2, 2), st.integers(1, 16))
def test_a_group_of_equal_returns_has_no_advantage_whatever_the_rounding(value: float, size: int) -> None:
    for baseline in (leave_one_out, group_mean):
        assert baseline(doubles(*[value] * size))[1].abs().max().item() < 1e-6


def test_each_group_is_compared_with_itself_alone() -> None:
    baselines, advantages = over_groups(doubles(1, 10, 3, 30, 7), [[0, 2], [1, 3], [4]], leave_one_out)
    assert baselines.tolist() == [3, 30, 1, 10, 7]
    assert advantages.tolist() == [-2, -20, 2, 20, 0]


def test_a_return_is_the_sum_of_an_episodes_rewards_less_the_kl_penalty_of_each_turn() -> None:
    # mean KL 0.3 and 0.1 of the first episode's turns; 0 of the other's
    first = Scores(doubles(-0.2, 1.0), [2, 3], doubles(-1.0, -0.5, -2.0, -1.0, -0.6), doubles(-1.2, -0.9, -1.9, -1.0, -1.0), None)
    second = Scores(doubles(-1.0), [2], doubles(-1.0, -1.0), doubles(-1.0, -1.0), None)
    one, two = group_targets([first, second], [[0, 1]], leave_one_out, kl_coefficient=0.1)
    assert (one.returns.item(), one.baselines.item()) == pytest.approx((0.76, -1.0))
    assert one.kl.tolist() == pytest.approx([0.3, 0.1])
    assert one.token_advantages.tolist() == pytest.approx([1.76] * 5)
    assert two.token_advantages.tolist() == pytest.approx([-1.76] * 2)


def test_equal_means_all_the_same_and_finite() -> None:
    assert equal([0.8, 0.8])
    assert equal([1.0])
    assert not equal([0.8, 1.0])
    assert not equal([math.inf, math.inf])
    assert not equal([math.nan])
