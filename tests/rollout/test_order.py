"""The order of play depends on the seed and the position alone."""

from functools import partial

from hypothesis import given
from hypothesis import strategies as st

from rlef_core.rollout.order import Order
from rlef_core.spec import derive_seed


@given(st.integers(1, 30), st.integers(0, 99), st.lists(st.integers(0, 120), max_size=8))
def test_any_position_is_found_from_any_other_and_an_epoch_holds_each_place_once(count: int, seed: int, jumps: list[int]) -> None:
    straight, jumping = (Order(count, partial(derive_seed, seed)) for _ in range(2))
    places = [straight.at(position) for position in range(4 * count)]
    assert [jumping.at(position % (4 * count)) for position in jumps] == [places[position % (4 * count)] for position in jumps]
    for epoch in range(4):
        assert sorted(places[epoch * count : (epoch + 1) * count]) == list(range(count))


def test_each_epoch_and_each_seed_has_an_order_of_its_own() -> None:
    orders = [Order(50, partial(derive_seed, seed)) for seed in (0, 1)]
    epochs = [tuple(order.at(50 * epoch + index) for index in range(50)) for order in orders for epoch in range(2)]
    assert len(set(epochs)) == 4
