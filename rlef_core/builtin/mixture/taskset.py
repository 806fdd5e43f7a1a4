"""Lay the ids of several tasksets out as one epoch in which each has its share."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import accumulate
from math import ceil
from typing import overload

from attrs import evolve, frozen

from rlef_core import Origin, Rejected, Task, Taskset, UsageError
from rlef_core.errors import boundary

MOST_IDS = 20_000_000
"""An epoch of more ids is refused: its order alone would take more than a gigabyte."""


@frozen
class Part:
    """A taskset with its share; an empty `split` stands for the one that is asked for."""

    taskset: Taskset
    origin: Origin
    split: str = ""
    weight: float = 1.0


class MixtureTasks:
    """See the package's docstring. `parts` by name; a name holds no `/`."""

    def __init__(self, parts: Mapping[str, Part]) -> None:
        self._parts = parts

    def ids(self, split: str) -> Sequence[str]:
        """The parts one after another, each as often as its share asks for. Raises UsageError for a part without tasks or an epoch of more
        than MOST_IDS."""
        ids = {name: _ids(name, part, part.split or split) for name, part in self._parts.items()}
        stops = epoch([len(each) for each in ids.values()], [part.weight for part in self._parts.values()])
        if stops[-1] > MOST_IDS:
            sizes = ", ".join(f"{name!r} has {len(each)}" for name, each in ids.items())
            raise UsageError(
                f"an epoch with every task of every part would hold {stops[-1]} ids, expected at most {MOST_IDS}: "
                f"bring the weights closer to the sizes ({sizes})"
            )
        return Mixed(ids, stops)

    def task(self, id: str) -> Task | Rejected:
        """The part's own task under the mixture's id; Rejected for an id whose beginning names no part."""
        name, _, rest = id.partition("/")
        if name not in self._parts:
            return Rejected(id, f"{id!r} begins with no part's name, expected one of {', '.join(map(repr, self._parts))} and '/'")
        part = self._parts[name]
        with boundary(part.origin, "task"):
            task = part.taskset.task(rest)
        return evolve(task, row=id) if isinstance(task, Rejected) else evolve(task, problem=evolve(task.problem, id=id))


def epoch(sizes: Sequence[int], weights: Sequence[float]) -> list[int]:
    """Where each part ends in the shortest epoch that holds all tasks of all parts, each part within one task of its weight's share.

    The shares are rounded where they end, so that no error adds up; a share of at least `size` is never rounded below it.
    """
    exact = [Fraction(str(weight)) for weight in weights]
    whole = sum(exact)
    length = ceil(max(size * whole / weight for size, weight in zip(sizes, exact, strict=True)))
    return [int(length * weight / whole) for weight in accumulate(exact)]


class Mixed(Sequence[str]):
    """The ids of an epoch, made when they are asked for; a part that is too small for its share begins again."""

    def __init__(self, ids: Mapping[str, Sequence[str]], stops: Sequence[int]) -> None:
        self._names = list(ids)
        self._ids = list(ids.values())
        self._stops = stops

    def __len__(self) -> int:
        return self._stops[-1]

    @overload
    def __getitem__(self, index: int) -> str: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[str]: ...

    def __getitem__(self, index: int | slice) -> str | Sequence[str]:
        if isinstance(index, slice):
            return [self[place] for place in range(len(self))[index]]
        place = range(len(self))[index]
        part = bisect_right(self._stops, place)
        start = self._stops[part - 1] if part else 0
        ids = self._ids[part]
        return f"{self._names[part]}/{ids[(place - start) % len(ids)]}"


def _ids(name: str, part: Part, split: str) -> Sequence[str]:
    with boundary(part.origin, "ids"):
        ids = part.taskset.ids(split)
    if not ids:
        raise UsageError(f"part {name!r} has no tasks in split {split!r}, expected at least one; check its path and its 'split'")
    return ids
