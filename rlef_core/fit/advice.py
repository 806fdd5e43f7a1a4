"""Find out which settings to change where a spec does not fit, by trying them."""

from collections.abc import Callable, Iterator, Sequence

from attrs import frozen

from rlef_core.errors import RlefError
from rlef_core.fit.demand import Demand

MOST_CHANGES = 8
"""Changes that are tried together before the advice gives up."""

Try = Callable[[Sequence[str]], Sequence[Demand]]
"""What the devices would hold with some changes of the spec (`KEY.PATH=VALUE`). Raises RlefError where the spec refuses them."""


@frozen
class Advice:
    """Changes to be made together; `spare`: usable bytes that the fullest device then has left, below 0 where even they do not do."""

    changes: tuple[str, ...]
    spare: int


def advice(now: Sequence[Demand], attempt: Try) -> list[Advice]:
    """What to do about devices that are too full: each change that suffices alone, else one row of changes; none where nothing helps."""
    alone = _tried(now, (), attempt)
    enough = [each for each in alone if each.spare >= 0]
    return enough or [*_together(now, alone, attempt)]


def overfull(demands: Sequence[Demand]) -> list[Demand]:
    """The devices that hold more than they can, the fullest first."""
    return sorted((each for each in demands if _spare(each) < 0), key=_spare)


def _together(now: Sequence[Demand], candidates: list[Advice], attempt: Try) -> Iterator[Advice]:
    # the change that helps the fullest device most is kept, and the next is sought beside it
    best = Advice((), _least(now))
    for _ in range(MOST_CHANGES):
        better = max(candidates, key=lambda each: each.spare, default=best)
        if better.spare <= best.spare:
            break
        best = better
        if best.spare >= 0:
            break
        candidates = _tried(attempt(best.changes), best.changes, attempt)
    if best.changes:
        yield best


def _tried(demands: Sequence[Demand], before: tuple[str, ...], attempt: Try) -> list[Advice]:
    found = []
    for candidate in _candidates(demands):
        changes = _merged(before, candidate.split())
        try:
            found.append(Advice(changes, _least(attempt(changes))))
        except RlefError:  # the spec does not take this value, or a component cannot do it
            continue
    return found


def _merged(before: Sequence[str], changes: Sequence[str]) -> tuple[str, ...]:
    # the last change of a key counts
    return tuple({change.partition("=")[0]: change for change in (*before, *changes)}.values())


def _candidates(demands: Sequence[Demand]) -> list[str]:
    uses = [use for demand in overfull(demands) for each in demand.uses.values() for use in each]
    ordered = sorted(uses, key=lambda use: -use.bytes)
    return list(dict.fromkeys(change for use in ordered for change in use.lower))


def _least(demands: Sequence[Demand]) -> int:
    """Of the fullest device whose capacity is known."""
    return min((each.spare for each in demands if each.spare is not None), default=0)


def _spare(demand: Demand) -> int:
    return 0 if demand.spare is None else demand.spare
