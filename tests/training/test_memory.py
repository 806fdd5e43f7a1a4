"""A run holds no more after many collections than after a few."""

import asyncio
import gc
import sys
from collections.abc import Callable
from typing import Any

from rlef_core.training.session import Session, start

WARM, LAST = 13, 27
"""Collections after which is counted; before the first, the execution cache and the guards' window fill."""
BLOCKS = 20
"""Python's memory blocks that a collection may leave behind; its metrics alone would be more, its episodes hundreds."""


def test_a_collection_leaves_nothing_behind(plan_of: Callable[..., Any]) -> None:
    plan, registry = plan_of(f"training.updates={2 * LAST}", "training.checkpoint_every=100", "training.guards.window=5")
    blocks: dict[int, int] = {}
    objects: dict[int, int] = {}

    def count(line: str) -> None:
        for collection in (WARM, LAST):
            if line.startswith(f"collection {collection}:"):
                gc.collect()
                blocks[collection], objects[collection] = sys.getallocatedblocks(), len(gc.get_objects())

    asyncio.run(start(plan, registry, Session(count)))
    assert blocks[LAST] - blocks[WARM] < BLOCKS * (LAST - WARM)
    assert objects[LAST] - objects[WARM] < LAST - WARM
