"""A judge of its own, outside any run: an executor by name, or the one that isolates, with a repeat after faults."""

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from rlef_core.errors import boundary
from rlef_core.metrics import Meter
from rlef_core.registry import Registry, offer_of, usual_config
from rlef_core.roles import Executor, Ref
from rlef_core.rollout.assemble import assemble_executor
from rlef_core.rollout.checkers import Checkers
from rlef_core.rollout.judge import Judge
from rlef_core.spec import Builder, Plan
from rlef_core.spec.blocks import SpecBlock, ThreadsBlock

RETRIES = 2

log = logging.getLogger(__name__)


@asynccontextmanager
async def open_judge(
    registry: Registry, executor: str | None = None, *, workers: int | None = None, say: Callable[[str], None] = log.warning
) -> AsyncIterator[Judge]:
    """Build the executor with its default config, and close it when the block ends. `workers` is how many programs run at once;
    `say` is told what the executor warns of.

    Raises PluginError when the executor is unknown, needs a config, or none of the installed ones isolates.
    """
    offered = registry.find("executor", executor) if executor else registry.default_executor("--use NAME")
    ref: Ref[Executor] = Ref("executor", offered.component.name, usual_config(offered), offered.origin)
    for warning in offer_of(offered, ref.config).warnings:
        say(f"executor {ref.use!r}: {warning}")
    spec = SpecBlock(name="judge", threads=ThreadsBlock(executor=workers), executor=ref)
    async with open_judge_of(Plan(spec), registry) as judge:
        yield judge


@asynccontextmanager
async def open_judge_of(plan: Plan, registry: Registry) -> AsyncIterator[Judge]:
    """Build a plan's executor, without the cache of runs, and close it when the block ends. Its failures are ComponentErrors."""
    meter = Meter(registry.metrics)
    builder = Builder(plan, registry, Path.cwd(), meter)
    sandbox = builder.build(plan.executor)
    try:
        guarded = assemble_executor(sandbox, str(plan.executor.origin), RETRIES, 0, meter)
        yield Judge(guarded, Checkers(registry, builder), registry.languages, plan.executor.origin)
    finally:
        with boundary(plan.executor.origin, "close"):
            await sandbox.close()
