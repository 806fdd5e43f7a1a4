"""Sampling draws from the distribution that it says, and tells its log-probs."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rlef_torch.sampling import sample

LOGITS = torch.log(torch.tensor([0.5, 0.3, 0.15, 0.05], dtype=torch.float64))


def draw(uniform: list[float], temperature: float = 1.0, top_p: float = 1.0) -> tuple[list[int], list[float]]:
    rows = len(uniform)
    ids, logprobs = sample(
        LOGITS.expand(rows, -1),
        torch.full((rows,), temperature, dtype=torch.float64),
        torch.full((rows,), top_p, dtype=torch.float64),
        torch.tensor(uniform, dtype=torch.float64),
    )
    return ids.tolist(), logprobs.tolist()


def test_the_cumulative_distribution_is_inverted() -> None:
    ids, logprobs = draw([0.0, 0.49, 0.51, 0.79, 0.81, 0.94, 0.96])
    assert ids == [0, 0, 1, 1, 2, 2, 3]
    assert logprobs == pytest.approx([math.log(p) for p in (0.5, 0.5, 0.3, 0.3, 0.15, 0.15, 0.05)], abs=1e-6)


def test_temperature_sharpens_the_distribution_and_its_log_probs() -> None:
    # at temperature 1/2 the probabilities are squared: 0.25, 0.09, 0.0225, 0.0025, of 0.365
    ids, logprobs = draw([0.68, 0.69], temperature=0.5)
    assert ids == [0, 1]
    assert logprobs == pytest.approx([math.log(0.25 / 0.365), math.log(0.09 / 0.365)], abs=1e-6)


def test_top_p_keeps_the_smallest_set_that_has_the_share() -> None:
    # 0.5 + 0.3 reaches 0.7: two tokens of 0.8 in all
    ids, logprobs = draw([0.0, 0.62, 0.63, 0.999], top_p=0.7)
    assert ids == [0, 0, 1, 1]
    assert logprobs == pytest.approx([math.log(0.625), math.log(0.625), math.log(0.375), math.log(0.375)], abs=1e-6)


def test_top_p_of_nothing_keeps_the_likeliest_token() -> None:
    assert draw([0.0, 0.999], top_p=0.0) == ([0, 0], pytest.approx([0.0, 0.0], abs=1e-6))


def test_temperature_zero_is_greedy_and_certain() -> None:
    assert draw([0.0, 0.999], temperature=0.0) == ([0, 0], [0.0, 0.0])


def test_rows_keep_their_own_settings() -> None:
    ids, _ = sample(LOGITS.expand(3, -1), torch.tensor([0.0, 1.0, 1.0]), torch.tensor([1.0, 1.0, 0.5]), torch.full((3,), 0.99).double())
    assert ids.tolist() == [0, 3, 0]


def test_shares_of_many_draws_are_the_probabilities() -> None:
    ids, _ = draw(torch.rand(40_000, generator=torch.Generator().manual_seed(0)).tolist())
    shares = torch.bincount(torch.tensor(ids), minlength=4) / 40_000
    torch.testing.assert_close(shares.double(), LOGITS.exp(), atol=0.01, rtol=0)


@pytest.mark.parametrize("vocabulary", [1, 63, 64, 65, 200])
@pytest.mark.parametrize("top_p", [1.0, 0.5])
def test_the_one_token_that_is_not_masked_is_drawn_wherever_it_stands(vocabulary: int, top_p: float) -> None:
    logits = torch.full((vocabulary, vocabulary), -math.inf).fill_diagonal_(0.0)
    one = torch.ones(vocabulary, dtype=torch.float64)
    for uniform in (0.0, 0.5, 1 - 2**-53):
        ids, logprobs = sample(logits, one, top_p * one, uniform * one)
        assert ids.tolist() == [*range(vocabulary)]
        assert logprobs.tolist() == [0.0] * vocabulary


@pytest.mark.parametrize("odd", [math.nan, math.inf])
@pytest.mark.parametrize("top_p", [1.0, 0.5])
def test_logits_that_are_no_numbers_spoil_their_own_row_alone(odd: float, top_p: float) -> None:
    logits = LOGITS.float().expand(3, -1).clone()
    logits[1, 2] = odd
    ids, logprobs = sample(logits, torch.ones(3), torch.full((3,), top_p), torch.full((3,), 0.3).double())
    assert (ids[0], ids[2]) == (0, 0)
    assert 0 <= int(ids[1]) < 4
    assert logprobs.isnan().tolist() == [False, True, False]


@settings(max_examples=100)
@given(
    logits=st.lists(st.floats(-60, 60), min_size=1, max_size=12),
    temperature=st.floats(0.05, 5),
    top_p=st.floats(0, 1),
    uniform=st.floats(0, 1, exclude_max=True),
)
def test_no_token_without_probability_is_drawn(logits: list[float], temperature: float, top_p: float, uniform: float) -> None:
    rows = [torch.tensor([value], dtype=torch.float64) for value in (temperature, top_p, uniform)]
    ids, logprobs = sample(torch.tensor([logits]), *rows)
    chosen, logprob = int(ids), float(logprobs)
    assert 0 <= chosen < len(logits)
    assert -100 / temperature * 2 < logprob <= 1e-6
    likelier = sum(math.exp((other - max(logits)) / temperature) for other in logits if other > logits[chosen] + 1e-3)
    total = sum(math.exp((other - max(logits)) / temperature) for other in logits)
    assert likelier / total <= top_p + 1e-5


def test_rare_tokens_of_a_large_vocabulary_are_drawn() -> None:
    # one token of 0.9 first, and a million of 1e-7 each: a float32 sum would lose them
    logits = torch.cat([torch.tensor([math.log(0.9)]), torch.full((1_000_000,), math.log(1e-7))]).unsqueeze(0)
    one = torch.ones(1, dtype=torch.float64)
    ids, _ = sample(logits, one, one, 0.95 * one)
    assert int(ids) == pytest.approx(500_000, rel=0.01)
