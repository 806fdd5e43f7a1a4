"""No collection is played too early, none that no update needs, and whatever is learnt from next always may be."""

from math import ceil

from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from rlef_core import RunState
from rlef_core.spec.blocks import TrainingBlock
from rlef_core.training.admission import admitted


def training(updates: int, staleness: int, *, episodes: int = 8, sequences: int = 4) -> TrainingBlock:
    return TrainingBlock(updates=updates, episodes_per_collection=episodes, sequences_per_update=sequences, max_staleness=staleness)


def test_a_new_run_may_play_the_first_collection_and_as_many_more_as_its_staleness() -> None:
    assert [admitted(RunState(), training(100, staleness)) for staleness in (0, 1, 4)] == [1, 2, 5]


def test_after_three_collections_the_next_four_and_staleness_more_may_be_played() -> None:
    assert admitted(RunState(collection=3, updates=6), training(100, 1)) == 5


def test_nothing_is_played_that_the_last_update_does_not_need() -> None:
    assert admitted(RunState(), training(4, 4)) == 2, "two updates a collection"
    assert admitted(RunState(collection=1, updates=2), training(5, 4)) == 3, "of two collections the last is learnt from in part"
    assert admitted(RunState(collection=1, updates=6), training(12, 4)) == 2, "a collection was seen to have six"


@given(staleness=st.integers(0, 6), target=st.integers(1, 60), each=st.integers(2, 8))
def test_run_after_run_admits_what_is_learnt_from_next_and_no_more_than_is_learnt_from(staleness: int, target: int, each: int) -> None:
    block, state, reached = training(target, staleness), RunState(), 0
    while state.updates < target:
        found = admitted(state, block)
        assert state.collection < found <= state.collection + staleness + 1
        if state.collection:  # how many updates a collection has is known
            reached = max(reached, found)
        state = evolve(state, collection=state.collection + 1, updates=state.updates + each)
    assert reached <= ceil(target / each)
