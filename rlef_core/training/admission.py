"""Decide which collections may be played: none so early that it would be older than `training.max_staleness` when it is learnt from."""

from math import ceil

from rlef_core.records import RunState
from rlef_core.spec.blocks import TrainingBlock


def admitted(state: RunState, training: TrainingBlock) -> int:
    """The number of the first collection that may not be played yet.

    Collection n is learnt from by the weights that n collections made, so it may start once n - `max_staleness` of them have been learnt
    from. Beyond that, none is admitted that the run's last update will not need, as far as can be told: a collection is taken to have as
    many updates as those so far had in the mean, and at least one for each `sequences_per_update` episodes.
    """
    least = ceil(training.episodes_per_collection / training.sequences_per_update)
    seen = ceil(state.updates / state.collection) if state.collection else 0
    needed = ceil((training.updates - state.updates) / max(least, seen))
    return state.collection + min(training.max_staleness + 1, needed)
