"""Keep the keys and values of conversations between their turns, the latest used first, under a budget of bytes."""

from collections import OrderedDict
from collections.abc import Sequence
from typing import TypeAlias

from attrs import frozen
from torch import Tensor

KeysValues: TypeAlias = list[tuple[Tensor, Tensor]]
"""For each layer the keys and the values of one conversation, [heads, tokens, width] each."""


@frozen(eq=False)
class _Kept:
    ids: list[int]
    layers: KeysValues
    size: int


class KeptCaches:
    """KV caches by conversation; `size` is in bytes."""

    def __init__(self, budget: int) -> None:
        self._evictions = 0
        self.size = 0
        self._budget = budget
        self._kept: OrderedDict[object, _Kept] = OrderedDict()

    def put(self, conversation: object, ids: list[int], layers: KeysValues) -> None:
        """Keep `layers`, computed from `ids`; the conversations that were used longest ago make room."""
        self.drop(conversation)
        size = sum(keys.nbytes + values.nbytes for keys, values in layers)
        self._kept[conversation] = _Kept(ids, layers, size)
        self.size += size
        while self.size > self._budget:
            self.drop(next(iter(self._kept)))
            self._evictions += 1

    def take(self, conversation: object, ids: Sequence[int]) -> tuple[KeysValues, int]:
        """Return and forget what is kept of a conversation, and for how many of the first `ids` it holds; 0 where nothing is kept.

        The last id is never among them: the model has to see it to say what follows.
        """
        kept = self._kept.get(conversation)
        if kept is None:
            return [], 0
        self.drop(conversation)
        return kept.layers, _common(kept.ids, ids[:-1])

    def drop(self, conversation: object) -> None:
        """Forget a conversation, if it is kept."""
        kept = self._kept.pop(conversation, None)
        self.size -= kept.size if kept else 0

    def evicted(self) -> int:
        """Return how many were given up for want of room since the last call."""
        found, self._evictions = self._evictions, 0
        return found

    def clear(self) -> None:
        """Forget all."""
        self._kept.clear()
        self.size = 0

    def __len__(self) -> int:
        return len(self._kept)


def _common(first: Sequence[int], second: Sequence[int]) -> int:
    length = min(len(first), len(second))
    if first[:length] == second[:length]:
        return length
    return next(place for place in range(length) if first[place] != second[place])
