from collections.abc import Iterator
from itertools import pairwise, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlef_torch.batching import micro_batches, padding_share, updates

LENGTHS = st.lists(st.integers(1, 50), max_size=40)


@given(LENGTHS, st.integers(1, 120))
def test_micro_batches_cover_each_sequence_exactly_once(lengths: list[int], budget: int) -> None:
    batches = micro_batches(lengths, token_budget=budget)
    assert sorted(index for batch in batches for index in batch) == list(range(len(lengths)))


@given(LENGTHS, st.integers(1, 120))
def test_a_micro_batch_keeps_its_padded_tokens_under_the_budget_or_holds_one_sequence(lengths: list[int], budget: int) -> None:
    for batch in micro_batches(lengths, token_budget=budget):
        assert len(batch) * max(lengths[index] for index in batch) <= budget or len(batch) == 1


@given(LENGTHS, st.integers(1, 120))
def test_micro_batches_come_longest_first(lengths: list[int], budget: int) -> None:
    order = [lengths[index] for batch in micro_batches(lengths, token_budget=budget) for index in batch]
    assert order == sorted(lengths, reverse=True)


@given(st.lists(st.integers(1, 1500), max_size=9), st.integers(1, 6000))
def test_no_other_split_of_the_sorted_sequences_costs_less(lengths: list[int], budget: int) -> None:
    found = [[lengths[index] for index in batch] for batch in micro_batches(lengths, token_budget=budget)]
    assert cost(found) == min(cost(split) for split in splits(sorted(lengths, reverse=True)) if fits(split, budget))


def cost(split: list[list[int]]) -> int:
    return sum(512 + batch[0] * len(batch) for batch in split)


def fits(split: list[list[int]], budget: int) -> bool:
    return all(len(batch) == 1 or batch[0] * len(batch) <= budget for batch in split)


def splits(lengths: list[int]) -> Iterator[list[list[int]]]:
    for cuts in product([False, True], repeat=max(len(lengths) - 1, 0)):
        edges = [0, *(place for place, cut in enumerate(cuts, 1) if cut), len(lengths)]
        yield [lengths[start:stop] for start, stop in pairwise(edges) if stop > start]


def test_short_sequences_are_not_padded_to_long_ones_for_room_alone() -> None:
    # together 5 x 900 tokens; apart 2 x 900 + 3 x 60 and the cost of one micro-batch more, 512
    assert micro_batches([60, 900, 60, 890, 60], token_budget=16384) == [[1, 3], [0, 2, 4]]
    # 3 x 60 more tokens are cheaper than another micro-batch
    assert micro_batches([60, 120, 60, 119, 60], token_budget=16384) == [[1, 3, 0, 2, 4]]


def test_sequences_of_similar_length_share_a_micro_batch() -> None:
    # longest first: 9 alone (two of 9 are above 16), then 8 with 8, then four of at most 2
    lengths = [8, 2, 9, 1, 8, 2, 2]
    assert micro_batches(lengths, token_budget=16) == [[2], [0, 4], [1, 5, 6, 3]]


def test_the_padding_share_is_worked_by_hand() -> None:
    assert padding_share([8, 2, 9, 1, 8, 2, 2], [[2], [0, 4], [1, 5, 6, 3]]) == pytest.approx(1 / 33)
    assert padding_share([3, 3], [[0, 1]]) == 0.0
    assert padding_share([], []) == 0.0


@given(st.integers(0, 60), st.integers(1, 20), st.integers(1, 3), st.integers(0, 5))
def test_every_pass_updates_on_each_sequence_exactly_once(sequences: int, most: int, epochs: int, seed: int) -> None:
    chosen = updates(sequences, sequences_per_update=most, epochs=epochs, seed=seed)
    flat = [index for update in chosen for index in update]
    for epoch in range(epochs):
        assert sorted(flat[epoch * sequences : (epoch + 1) * sequences]) == list(range(sequences))


@given(st.integers(1, 60), st.integers(1, 20), st.integers(0, 5))
def test_updates_are_as_few_and_as_even_as_the_size_allows(sequences: int, most: int, seed: int) -> None:
    sizes = [len(update) for update in updates(sequences, sequences_per_update=most, seed=seed)]
    assert len(sizes) == -(-sequences // most)
    assert max(sizes) <= most
    assert max(sizes) - min(sizes) <= 1


def test_the_papers_collection_makes_four_updates_even_after_some_faults() -> None:
    assert [len(update) for update in updates(1024, sequences_per_update=256, seed=0)] == [256] * 4
    assert [len(update) for update in updates(1021, sequences_per_update=256, seed=0)] == [255, 255, 255, 256]


def test_the_order_follows_the_seed_and_differs_between_passes() -> None:
    first, second = updates(100, sequences_per_update=100, epochs=2, seed=1)
    assert [first, second] == updates(100, sequences_per_update=100, epochs=2, seed=1)
    assert first != second
    assert first != updates(100, sequences_per_update=100, seed=2)[0]
    assert updates(6, sequences_per_update=3, seed=0) == [[0, 5, 1], [4, 3, 2]]  # on every version of Python


@pytest.mark.parametrize("option", ["sequences_per_update", "epochs"])
def test_no_updates_of_nothing(option: str) -> None:
    with pytest.raises(ValueError, match=f"{option} is 0"):
        updates(4, **{"seed": 0, "sequences_per_update": 2, option: 0})


def test_a_budget_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="token_budget is 0"):
        micro_batches([1], token_budget=0)
