"""Go through things in a seeded order, another one each epoch, from any position on."""

import random
from collections.abc import Callable


class Order:
    """The places 0 to `count` - 1 in an order that `seed("order", epoch)` gives; a position is all the state there is."""

    def __init__(self, count: int, seed: Callable[..., int]) -> None:
        self._count = count
        self._seed = seed
        self._epoch = -1
        self._places: list[int] = []

    def at(self, position: int) -> int:
        """The place at a position; positions count on from 0 through all epochs."""
        epoch, index = divmod(position, self._count)
        if epoch != self._epoch:
            self._places = list(range(self._count))
            random.Random(self._seed("order", epoch)).shuffle(self._places)
            self._epoch = epoch
        return self._places[index]
