"""A run holds no more after many collections than after a few."""

import asyncio
import gc
import sys
from collections.abc import Callable
from typing import Any

from rlef_core.training.session import Session, start

EARLY, LATE = range(13, 20), range(27, 34)
"""Collections after which is counted; before the first, the execution cache and the guards' window fill.

The least of several counts: a count may meet a journal's line that a thread is just making.
"""
BLOCKS = 20
"""Python's memory blocks that a collection may leave behind; its metrics alone would be more, its episodes hundreds."""


def test_a_collection_leaves_nothing_behind(plan_of: Callable[..., Any]) -> None:
    plan, registry = plan_of(f"training.updates={2 * LATE.stop}", "training.checkpoint_every=100", "training.guards.window=5")
    blocks: dict[int, int] = {}
    objects: dict[int, int] = {}

    def count(line: str) -> None:
        for collection in (*EARLY, *LATE):
            if line.startswith(f"collection {collection}:"):
                gc.collect()
                blocks[collection], objects[collection] = sys.getallocatedblocks(), len(gc.get_objects())

    asyncio.run(start(plan, registry, Session(count)))
    collections = LATE.start - EARLY.start
    assert min(blocks[late] for late in LATE) - min(blocks[early] for early in EARLY) < BLOCKS * collections
    assert min(objects[late] for late in LATE) - min(objects[early] for early in EARLY) < collections
