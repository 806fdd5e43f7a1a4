"""KV caches between turns stay under their budget; those of a running batch stay where the model looks for them."""

from typing import Any

import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from rlef_torch.cache import KeptCaches, KeysValues
from rlef_torch.rows import Rows

BYTES_A_TOKEN = 2 * 2 * 4  # keys and values, one head of width 2, float32


def caches(length: int, first: float = 0.0) -> KeysValues:
    keys = torch.arange(first, first + length).view(1, length, 1).expand(1, length, 2)
    return [(keys.clone(), -keys)]


def test_the_conversation_used_longest_ago_makes_room() -> None:
    kept = KeptCaches(10 * BYTES_A_TOKEN)
    for name in ("a", "b"):
        kept.put(name, [1, 2, 3, 4], caches(4))
    kept.put("a", [1, 2, 3, 4], kept.take("a", [1, 2, 3, 4, 5])[0])
    kept.put("c", [1, 2, 3, 4], caches(4))
    assert kept.evicted() == 1
    assert kept.take("b", [1, 2, 3, 4, 5]) == ([], 0)
    assert kept.take("a", [1, 2, 3, 4, 5])[1] == 4


def test_a_cache_above_the_budget_is_not_kept() -> None:
    kept = KeptCaches(3 * BYTES_A_TOKEN)
    kept.put("a", [1, 2, 3, 4], caches(4))
    assert (len(kept), kept.size, kept.evicted()) == (0, 0, 1)


def test_only_the_common_start_is_reused_and_never_the_last_id() -> None:
    kept = KeptCaches(1000)
    for asked, reused in [([1, 2, 9, 4], 2), ([1, 2, 3], 2), ([7], 0), ([1, 2, 3, 4], 3)]:
        kept.put("a", [1, 2, 3], caches(3))
        assert kept.take("a", asked)[1] == reused
    assert kept.size == 0


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(1, 8), st.booleans()), max_size=30), st.integers(0, 20))
def test_the_budget_holds_and_sizes_add_up(steps: list[tuple[int, int, bool]], budget: int) -> None:
    kept = KeptCaches(budget * BYTES_A_TOKEN)
    held: dict[int, int] = {}
    for name, length, put in steps:
        if put:
            kept.put(name, list(range(length)), caches(length))
            held[name] = length
        else:
            kept.drop(name)
            held.pop(name, None)
        assert kept.size <= budget * BYTES_A_TOKEN
    left = {name: kept.take(name, [*range(length), 99])[1] for name, length in held.items()}
    assert all(reused in (0, held[name]) for name, reused in left.items())
    assert (len(kept), kept.size) == (0, 0)


class Model:
    """Stands for a model's layer: writes one key a row, and checks that it is shown every row's own, in order."""

    def __init__(self, rows: Rows, expected: list[list[float]]) -> None:
        self.rows, self.expected = rows, expected

    def step(self, token: float) -> None:
        positions, mask = self.rows.positions()
        new = torch.full((len(self.expected), 1, 1, 2), token)
        keys, values = self.rows.cache.update(new, -new, 0)
        self.rows.advance()
        for row, own in enumerate(self.expected):
            assert int(positions[row]) == len(own)
            own.append(token)
            assert shown(keys, mask, row) == own
            assert shown(-values, mask, row) == own


def shown(tensor: Tensor, mask: Tensor, row: int) -> list[float]:
    return [float(value) for value in tensor[row, 0, :, 0][mask[row]]]


@given(st.lists(st.one_of(st.integers(1, 90), st.none(), st.floats(0, 0.999)), max_size=60))
def test_rows_that_join_and_leave_keep_their_own_keys(actions: list[Any]) -> None:
    rows, expected, token = Rows(), [], 1000.0
    for action in actions:
        token += 1
        if isinstance(action, int):
            rows.reserve([(torch.zeros(1, 1, 2), torch.zeros(1, 1, 2))], 1, action)
            rows.add(caches(action, token), action)
            expected.append([token + place for place in range(action)])
        elif action is None and expected:
            Model(rows, expected).step(token)
        elif expected:
            row = int((action or 0.0) * len(expected))
            assert [float(value) for value in rows.copy(row)[0][0][0, :, 0]] == expected[row]
            rows.remove(row)
            last = expected.pop()
            if row < len(expected):
                expected[row] = last
    assert rows.lengths == [len(own) for own in expected]
