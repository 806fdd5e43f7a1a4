"""A run holds no more after many collections than after a few."""

import asyncio
import gc
import sys
from collections.abc import Callable
from typing import Any

import pytest
from attrs import frozen

from rlef_core.training.session import Session, start

EARLY, LATE = range(13, 20), range(27, 34)
"""Collections after which is counted; before the first, the execution cache and the guards' window fill.

The least of several counts: a count meets what threads of the run are just making, a journal's line for one.
"""
RECORDS, OBJECTS, BLOCKS = 1, 4, 20
"""What a collection may not leave behind: objects of rlef_core's types, objects that Python's collector sees, blocks of memory.

An episode is some tens of the first two and hundreds of the third. The last two have room for what other threads hold at that moment.
"""


@frozen
class Held:
    """What the process holds now."""

    records: int
    objects: int
    blocks: int


@pytest.mark.parametrize("staleness", [0, 2])
def test_a_collection_leaves_nothing_behind(plan_of: Callable[..., Any], staleness: int) -> None:
    sets = ("training.checkpoint_every=100", "training.guards.window=5", f"training.max_staleness={staleness}")
    plan, registry = plan_of(f"training.updates={2 * (LATE.stop + staleness)}", *sets)  # what is played ahead is held to the last
    counts: dict[int, Held] = {}

    def count(line: str) -> None:
        for collection in (*EARLY, *LATE):
            if line.startswith(f"collection {collection}:"):
                counts[collection] = held()

    asyncio.run(start(plan, registry, Session(count)))
    for kind, bound in (("records", RECORDS), ("objects", OBJECTS), ("blocks", BLOCKS)):
        early, late = (min(getattr(counts[collection], kind) for collection in when) for when in (EARLY, LATE))
        assert late - early < bound * (LATE.start - EARLY.start), kind


def held() -> Held:
    gc.collect()
    blocks, objects = sys.getallocatedblocks(), gc.get_objects()
    return Held(sum(type(each).__module__.startswith("rlef_core") for each in objects), len(objects), blocks)
