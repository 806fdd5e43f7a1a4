"""The whole of RLEF: play episodes with the current policy, learn from them, publish the new weights, again."""

from rlef_core.training.run import Run


async def train(run: Run) -> None:
    """From the run's state to its last update. Raises what its components raise; every checkpoint saved before stays whole."""
    await run.publish()
    if run.is_new:
        await run.checkpoint()
        await run.evaluate("base")
    await run.evaluate_if_due()  # a run may have been stopped before it was measured
    async for collection in run.collections():  # three turns an episode, public cases feed back, private cases score: rollout/episode.py
        report = await run.learn(collection)  # PPO, turn-level value, KL to the initial policy in the reward: the optimizer's
        await run.publish()
        run.guard(run.record(collection, report))
        if run.due(run.plan.training.checkpoint_every):
            await run.checkpoint()
        await run.evaluate_if_due()
    await run.checkpoint()
    await run.evaluate("trained")
    await run.evaluate_variants("trained")
