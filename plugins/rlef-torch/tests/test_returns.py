import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from rlef_core.records.trajectory import TurnSpan
from rlef_torch.returns import (
    Credit,
    Scores,
    explained_variance,
    learning_targets,
    monte_carlo_returns,
    normalised,
    over_tokens,
    turn_means,
    value_positions,
)

SPANS = (TurnSpan(3, 5, -0.2), TurnSpan(8, 11, 1.0))
CREDITS: list[Credit] = ["turn", "token", "episode"]


def doubles(*numbers: float) -> Tensor:
    return torch.tensor(numbers, dtype=torch.float64)


def two_turns(values: Tensor) -> Scores:
    """Responses of 2 and 3 tokens, rewards -0.2 and 1; log pi_old - log rho is 0.2, 0.4 and then -0.1, 0.0, 0.4."""
    return Scores(
        task_rewards=doubles(-0.2, 1.0),
        lengths=[2, 3],
        logprobs_old=doubles(-1.0, -0.5, -2.0, -1.0, -0.6),
        logprobs_reference=doubles(-1.2, -0.9, -1.9, -1.0, -1.0),
        values=values,
    )


def test_the_value_of_a_turn_is_read_at_the_last_token_of_its_prompt() -> None:
    assert value_positions(SPANS, "turn") == [2, 7]


def test_with_token_credit_a_value_is_read_before_each_sampled_token() -> None:
    assert value_positions(SPANS, "token") == [2, 3, 7, 8, 9]


def test_with_episode_credit_one_value_is_read_at_the_end_of_the_first_prompt() -> None:
    assert value_positions(SPANS, "episode") == [2]


@pytest.mark.parametrize("spans", [[], [(0, 2)], [(3, 3)], [(3, 5), (5, 6)], [(3, 5), (4, 6)], [(8, 9), (3, 4)]])
def test_spans_without_a_sampled_token_or_a_prompt_before_it_are_refused(spans: list[tuple[int, int]]) -> None:
    with pytest.raises(ValueError, match="expected at least one"):
        value_positions([TurnSpan(start, stop, 0.0) for start, stop in spans], "turn")


def test_turn_credit_worked_by_hand() -> None:
    # mean KL 0.3 and 0.1; rewards -0.2 - 0.03 and 1 - 0.01; returns 0.76 and 0.99; advantages 0.26 and 0.49 before
    # normalisation: mean 0.375, deviation 0.115
    targets = learning_targets([two_turns(doubles(0.5, 0.5))], credit="turn", kl_coefficient=0.1)[0]
    assert targets.kl.tolist() == pytest.approx([0.3, 0.1])
    assert targets.rewards.tolist() == pytest.approx([-0.23, 0.99])
    assert targets.returns.tolist() == pytest.approx([0.76, 0.99])
    assert targets.advantages.tolist() == pytest.approx([-1.0, 1.0], abs=1e-6)
    assert targets.token_advantages.tolist() == pytest.approx([-1, -1, 1, 1, 1], abs=1e-6)


def test_token_credit_worked_by_hand() -> None:
    # each token pays 0.1 of its own KL, and the last of a response earns its reward: -0.02, -0.04 - 0.2, 0.01, 0,
    # -0.04 + 1; the values are chosen so that return - value is 0, 0, 0, 2, -2: mean 0, deviation sqrt(8 / 5)
    returns = [0.71, 0.73, 0.97, 0.96, 0.96]
    values = doubles(0.71, 0.73, 0.97, -1.04, 2.96)
    targets = learning_targets([two_turns(values)], credit="token", kl_coefficient=0.1)[0]
    assert targets.kl.tolist() == pytest.approx([0.3, 0.1])
    assert targets.rewards.tolist() == pytest.approx([-0.02, -0.24, 0.01, 0.0, 0.96])
    assert targets.returns.tolist() == pytest.approx(returns)
    assert targets.token_advantages.tolist() == pytest.approx([0, 0, 0, math.sqrt(2.5), -math.sqrt(2.5)], abs=1e-6)


def test_episode_credit_worked_by_hand() -> None:
    # one return each, 0.76, and one value each: advantages -0.24 and 0.26 before normalisation, deviation 0.25
    batch = [two_turns(doubles(1.0)), two_turns(doubles(0.5))]
    first, second = learning_targets(batch, credit="episode", kl_coefficient=0.1)
    assert first.rewards.tolist() == pytest.approx([-0.23, 0.99])
    assert first.returns.tolist() == second.returns.tolist() == pytest.approx([0.76])
    assert first.token_advantages.tolist() == pytest.approx([-1.0] * 5, abs=1e-6)
    assert second.token_advantages.tolist() == pytest.approx([1.0] * 5, abs=1e-6)


def test_advantages_are_normalised_over_the_turns_of_the_whole_batch_not_of_an_episode() -> None:
    batch = [two_turns(doubles(0.76, 0.99)), two_turns(doubles(-0.24, -0.01))]
    advantages = [targets.advantages.tolist() for targets in learning_targets(batch, kl_coefficient=0.1)]
    assert advantages[0] == pytest.approx([-1, -1], abs=1e-6)
    assert advantages[1] == pytest.approx([1, 1], abs=1e-6)


def test_a_discount_counts_once_for_each_step_ahead() -> None:
    assert monte_carlo_returns(doubles(1.0, 2.0, 4.0), 0.5).tolist() == [3.0, 4.0, 4.0]
    assert monte_carlo_returns(doubles(1.0, 2.0, 4.0), 0.0).tolist() == [1.0, 2.0, 4.0]
    assert monte_carlo_returns(doubles(1.0, 2.0, 4.0)).tolist() == [7.0, 6.0, 4.0]


@given(st.lists(st.floats(-2, 2), min_size=1, max_size=12), st.sampled_from([0.0, 0.5, 0.99, 1.0]))
def test_every_return_is_its_reward_plus_the_discounted_next_return(rewards: list[float], gamma: float) -> None:
    returns = [*monte_carlo_returns(doubles(*rewards), gamma).tolist(), 0.0]
    for reward, here, after in zip(rewards, returns[:-1], returns[1:], strict=True):
        assert here == pytest.approx(reward + gamma * after, abs=1e-12)


@given(st.lists(st.integers(1, 5), min_size=1, max_size=4), st.sampled_from(CREDITS))
def test_what_is_laid_out_over_tokens_has_one_number_a_token_and_keeps_turn_means(lengths: list[int], credit: Credit) -> None:
    positions = {"turn": len(lengths), "token": sum(lengths), "episode": 1}[credit]
    per_position = torch.arange(positions, dtype=torch.float64)
    tokens = over_tokens(per_position, lengths, credit)
    assert tokens.shape == (sum(lengths),)
    if credit != "token":
        assert turn_means(tokens, lengths).tolist() == per_position.expand(len(lengths)).tolist()


def test_a_batch_of_equal_advantages_becomes_zeros() -> None:
    assert normalised(doubles(0.5, 0.5, 0.5)).tolist() == [0.0, 0.0, 0.0]
    assert normalised(doubles(0.5)).tolist() == [0.0]


def test_targets_carry_no_gradient() -> None:
    values = doubles(0.5, 0.5).requires_grad_()
    targets = learning_targets([two_turns(values)])[0]
    assert not targets.advantages.requires_grad
    assert not targets.token_advantages.requires_grad


def test_an_empty_collection_has_no_targets() -> None:
    assert learning_targets([]) == []


def test_tensors_that_disagree_about_the_positions_are_named() -> None:
    with pytest.raises(ValueError, match=r"trajectory 1 has values of shape \(2,\), expected \(5,\) with credit='token'"):
        learning_targets([two_turns(doubles(1, 2, 3, 4, 5)), two_turns(doubles(1, 2))], credit="token")


def test_a_response_without_tokens_is_refused() -> None:
    none = doubles()
    with pytest.raises(ValueError, match=r"response lengths \[0\]"):
        learning_targets([Scores(doubles(1.0), [0], none, none, doubles(0.0))])


def test_explained_variance_worked_by_hand() -> None:
    returns = doubles(0.0, 1.0, 2.0, 3.0)  # variance 1.25
    assert explained_variance(returns, returns) == 1.0
    assert explained_variance(returns + 7, returns) == 1.0
    assert explained_variance(doubles(1, 1, 1, 1), returns) == 0.0
    assert explained_variance(doubles(0, 0, 2, 2), returns) == pytest.approx(0.8)  # errors 0, 1, 0, 1: variance 0.25
    assert explained_variance(-returns, returns) == pytest.approx(-3.0)
    assert explained_variance(doubles(0.0, 1.0), doubles(1.0, 1.0)) == 0.0
