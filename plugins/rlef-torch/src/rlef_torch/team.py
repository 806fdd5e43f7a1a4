"""Learn on one rank or on several: share micro-batches out, and tell one another what came of them."""

from collections.abc import Sequence
from typing import Protocol, TypeVar

from torch import Tensor

from rlef_torch.batching import micro_batches

T = TypeVar("T")


class Team(Protocol):
    """The ranks that learn together. All of them call the same methods in the same order, and get the same results."""

    @property
    def rank(self) -> int: ...

    @property
    def size(self) -> int: ...

    def total(self, values: Tensor) -> Tensor:
        """Return the sum over ranks of their `values`, of one shape on all."""

    def everyones(self, mine: T) -> list[T]:
        """Return what each rank gave, by rank; tensors in it are on this rank's device."""


class Alone:
    """One rank, which is the whole team."""

    rank = 0
    size = 1

    def total(self, values: Tensor) -> Tensor:
        return values

    def everyones(self, mine: T) -> list[T]:
        return [mine]


def share_micro_batches(lengths: Sequence[int], token_budget: int, team: Team) -> list[tuple[list[int], bool]]:
    """Return the indexes of `lengths` that this rank computes, in micro-batches, as `share` and `micro_batches` do."""
    batches = micro_batches(lengths, token_budget=token_budget)
    return share(batches, [len(batch) * max(lengths[index] for index in batch) for batch in batches], team)


def share(batches: Sequence[list[int]], costs: Sequence[int], team: Team) -> list[tuple[list[int], bool]]:
    """Return this rank's micro-batches, as many on every rank, the longest work first; the second part is whether one counts.

    `costs` are those of the batches. Each goes to the rank that has least to do, among those with fewest batches; where there are too few
    for all, a rank takes the cheapest again, which does not count: ranks whose weights are in parts must compute in step.
    """
    if not batches:
        return []
    order = sorted(range(len(batches)), key=lambda index: (-costs[index], index))
    load = [(0, 0)] * team.size  # batches and cost of each rank
    mine: list[tuple[list[int], bool]] = []
    for index in order:
        rank = min(range(team.size), key=lambda each: (*load[each], each))
        load[rank] = load[rank][0] + 1, load[rank][1] + costs[index]
        if rank == team.rank:
            mine.append((batches[index], True))
    return mine + [(batches[order[-1]], False)] * (max(count for count, _ in load) - len(mine))
