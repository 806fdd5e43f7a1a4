"""Split a collection into updates and each update into micro-batches, the same way every time."""

import random
from collections.abc import Sequence
from itertools import pairwise

MICRO_BATCH_COST = 512
"""What a micro-batch costs beyond its tokens, in tokens: as measured with a tiny model on a CPU, where 256 to 1024 are as good."""


def updates(sequences: int, *, sequences_per_update: int, epochs: int = 1, seed: int) -> list[list[int]]:
    """Return the indexes of each update's sequences: `epochs` passes, each in an order of its own drawn from `seed`.

    A pass has the fewest updates of at most `sequences_per_update` (256 in the paper), which differ in size by one at
    most: a collection that lost some episodes to faults keeps its number of updates, and none is left tiny.
    Raises ValueError for a number of sequences per update or of epochs below 1.
    """
    _at_least_one("sequences_per_update", sequences_per_update)
    _at_least_one("epochs", epochs)
    result = []
    for epoch in range(epochs):
        order = list(range(sequences))
        random.Random(f"{seed}/{epoch}").shuffle(order)
        result += _even_parts(order, -(-sequences // sequences_per_update))
    return result


def micro_batches(lengths: Sequence[int], *, token_budget: int) -> list[list[int]]:
    """Return the indexes of `lengths` in micro-batches of similar length, the longest first, at the least cost.

    A micro-batch pads its sequences to its longest one, and holds at most `token_budget` tokens, padding included; a
    sequence above the budget stands alone. It costs its tokens, padding included, and MICRO_BATCH_COST: short sequences
    are not padded to long ones only because they fit. Longest first, so that memory runs out at the start or not at all.
    Raises ValueError for a budget below 1.
    """
    _at_least_one("token_budget", token_budget)
    order = sorted(range(len(lengths)), key=lambda index: (-lengths[index], index))
    starts = _last_starts([lengths[index] for index in order], token_budget)
    batches: list[list[int]] = []
    stop = len(order)
    while stop:
        batches.append(order[starts[stop] : stop])
        stop = starts[stop]
    return batches[::-1]


def padding_share(lengths: Sequence[int], batches: Sequence[Sequence[int]]) -> float:
    """Return the share of padding among all the tokens that the micro-batches compute, from 0 to below 1."""
    padded = sum(len(batch) * max(lengths[index] for index in batch) for batch in batches)
    return 1 - sum(lengths[index] for batch in batches for index in batch) / padded if padded else 0.0


def _last_starts(falling: Sequence[int], budget: int) -> list[int]:
    # for each number of first sequences, the place where the last micro-batch of their cheapest split begins
    costs, starts = [0], [0]
    first = 0
    for stop in range(1, len(falling) + 1):
        while first < stop - 1 and falling[first] * (stop - first) > budget:
            first += 1
        cost, start = min((costs[start] + falling[start] * (stop - start), start) for start in range(first, stop))
        costs.append(cost + MICRO_BATCH_COST)
        starts.append(start)
    return starts


def _even_parts(order: list[int], parts: int) -> list[list[int]]:
    edges = [len(order) * part // parts for part in range(parts + 1)] if parts else []
    return [order[start:stop] for start, stop in pairwise(edges)]


def _at_least_one(name: str, value: int) -> None:
    if value < 1:
        raise ValueError(f"{name} is {value!r}, expected at least 1")
