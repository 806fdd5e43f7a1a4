"""Build everything that a plan names, and close it again."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path

from attrs import evolve, frozen

from rlef_core.errors import Origin, boundary
from rlef_core.metrics import Meter
from rlef_core.registry import Registry
from rlef_core.roles import FeedbackFormatter, Optimizer, Policy, Ref, Taskset
from rlef_core.rollout.assemble import assemble_executor
from rlef_core.rollout.checkers import Checkers
from rlef_core.rollout.collections import Scorer
from rlef_core.rollout.episode import Player
from rlef_core.rollout.judge import Judge
from rlef_core.rollout.tally import Tally
from rlef_core.rollout.tasks import TaskStream
from rlef_core.spec import Builder, Plan, derive_seed
from rlef_core.spec.plain import plain
from rlef_core.timeline import Timeline
from rlef_core.training.recorded import RecordedStream, open_recorded
from rlef_core.training.sharing import Sharing, Tenant


@frozen
class Parts:
    """A plan's components, built."""

    plan: Plan
    builder: Builder
    meter: Meter
    tally: Tally
    tasksets: Mapping[str, Taskset]
    player: Player
    scorer: Scorer
    policy: Policy
    optimizer: Optimizer
    sharing: Sharing
    recorded: Callable[[int], RecordedStream] | None = None
    """The stream of `rollout.recorded`, from a position on; None where episodes are played."""

    def tasks(self, entry: str, position: int = 0) -> TaskStream:
        """The stream of tasks of `tasks.train` or `tasks.evaluation`, from a position on."""
        return task_stream(self.plan, entry, self.tasksets[entry], position)

    def with_feedback(self, ref: Ref[FeedbackFormatter]) -> Player:
        """A player that differs in its formatter."""
        return evolve(self.player, formatter=self.builder.build(ref), formatter_origin=ref.origin)


@asynccontextmanager
async def open_parts(plan: Plan, registry: Registry, directory: Path, timeline: Timeline | None = None) -> AsyncIterator[Parts]:
    """Build the plan's components, the tasksets first, for a mistake in a path costs the least there; close them, the newest first,
    when the block ends.

    Raises ComponentError for one that cannot be built or closed, NoUsableTask for tasks that cannot be played.
    """
    meter = Meter(registry.metrics)
    timeline = timeline or Timeline()
    builder = Builder(plan, registry, directory, meter, timeline)
    tasksets = {entry: builder.build(tasks.ref) for entry, tasks in plan.tasks.items()}
    for entry, taskset in tasksets.items():
        task_stream(plan, entry, taskset).draw(1)
    recorded = open_recorded(plan, directory)
    async with AsyncExitStack() as stack:
        sandbox = builder.build(plan.executor)
        stack.push_async_callback(_close, sandbox.close, plan.executor.origin)
        policy = builder.build(plan.policy)
        stack.push_async_callback(_close, policy.close, plan.policy.origin)
        sampler = Tenant(policy, plan.policy.origin, meter, timeline)
        if plan.devices.colocated:
            await sampler.suspend()  # the optimizer is built where it was
        optimizer = builder.build(plan.optimizer)
        stack.push_async_callback(_close, optimizer.close, plan.optimizer.origin)
        learner = Tenant(optimizer, plan.optimizer.origin, meter, timeline)
        sharing = Sharing(sampler, learner, plan.scheme, plan.devices.colocated, plan.apart)
        rollout = plan.rollout
        executor = assemble_executor(sandbox, _identity(plan), rollout.retries, rollout.cache_bytes, meter)
        tally = Tally()
        player = Player(
            policy=policy,
            policy_origin=plan.policy.origin,
            formatter=builder.build(plan.feedback),
            formatter_origin=plan.feedback.origin,
            judge=Judge(executor, Checkers(registry, builder), registry.languages),
            executor_origin=plan.executor.origin,
            languages=registry.languages,
            settings=rollout,
            seed=partial(derive_seed, plan.run.seed, "sampling"),
            tally=tally,
            timeline=timeline,
        )
        scorer = Scorer(tuple((builder.build(reward.ref), reward.ref.origin, reward.weight) for reward in plan.rewards))
        yield Parts(plan, builder, meter, tally, tasksets, player, scorer, policy, optimizer, sharing, recorded)


def task_stream(plan: Plan, entry: str, taskset: Taskset, position: int = 0) -> TaskStream:
    """The tasks of an entry of `tasks` in the order of a run of the plan, from a position on."""
    tasks = plan.tasks[entry]
    seed = partial(derive_seed, plan.run.seed, "tasks", entry)
    allow = plan.rollout.allow_no_public_cases
    return TaskStream(taskset, tasks.ref.origin, tasks.split or entry, seed, position=position, allow_no_public_cases=allow)


def _identity(plan: Plan) -> str:
    """What tells executors apart whose results may differ: the component, its distribution and version, its config, its isolation."""
    return json.dumps([str(plan.executor.origin), plain(plan.executor), list(plan.isolation)])


async def _close(close: Callable[[], Awaitable[None]], origin: Origin) -> None:
    with boundary(origin, "close"):
        await close()
