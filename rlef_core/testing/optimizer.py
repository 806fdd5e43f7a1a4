"""Check an optimizer: `class TestMine(OptimizerSuite)` with a fixture `subject` that returns an `OptimizerSubject`."""

import math
from pathlib import Path

import pytest

from rlef_core import Optimizer, TrainingDiverged, Trajectory
from rlef_core.testing.logprobs import distance
from rlef_core.testing.suite import Suite, needs, promise
from rlef_core.testing.trajectories import Lesson, OptimizerSubject, built, fingerprint, read, sampled, sampled_unevenly, teach, version

__all__ = ["OptimizerSubject", "OptimizerSuite"]

ROUNDS = 4
"""Collections that move the policy well away from where it began."""
CALM = 16
"""Collections without reward: more than it takes until an optimizer's momentum has faded."""


class OptimizerSuite(Suite):
    """What every optimizer keeps: it learns what was sampled and rewarded, publishes what it learnt, and goes on exactly."""

    punishes: bool = promise("punished answers become rarer")
    kl: bool = promise("a KL penalty holds the policy near its initial weights")
    reports_turns: bool = promise("an update reports every turn of its collection")
    splits: bool = promise("the same is learnt however the work is split (the subject has build_split)")

    @pytest.fixture
    def subject(self) -> OptimizerSubject:
        raise NotImplementedError(self.fixture_wanted("subject", "an OptimizerSubject: how to build the optimizer, what its weights say"))

    async def test_rewarded_answers_become_likelier(self, subject: OptimizerSubject) -> None:
        async with built(subject.build) as optimizer:
            before = await read(subject, optimizer)
            await teach(subject, optimizer, rounds=ROUNDS)
            after = await read(subject, optimizer)
        assert after.good > before.good, f"rewarded answers had {before.good:.3f} nats a token and have {after.good:.3f}"

    @needs("punishes")
    async def test_punished_answers_become_rarer(self, subject: OptimizerSubject) -> None:
        async with built(subject.build) as optimizer:
            before = await read(subject, optimizer)
            await teach(subject, optimizer, rounds=ROUNDS)
            after = await read(subject, optimizer)
        assert after.bad < before.bad, f"punished answers had {before.bad:.3f} nats a token and have {after.bad:.3f}"

    async def test_feedback_is_not_learnt(self, subject: OptimizerSubject) -> None:
        async with built(subject.build) as optimizer:
            before = await read(subject, optimizer)
            await teach(subject, optimizer, rounds=ROUNDS)
            after = await read(subject, optimizer)
        # What stands beside rewarded answers would become likelier than what stands beside punished ones, as the answers do.
        learnt, told = after.answers - before.answers, after.feedback - before.feedback
        assert told < 0.5 * learnt, f"the answers' log-probs moved apart by {learnt:.3f} nats a token, the feedback's by {told:.3f}"

    async def test_the_first_publication_is_version_0_and_the_same_every_time(self, subject: OptimizerSubject) -> None:
        async with built(subject.build) as first, built(subject.build) as second:
            assert await version(subject, first) == 0
            await same(subject, first, first)
            await same(subject, first, second)

    async def test_a_publication_is_of_the_weights_just_learnt(self, subject: OptimizerSubject, tmp_path: Path) -> None:
        async with built(subject.build) as optimizer, built(subject.build) as restored:
            for number in range(1, 4):
                before = await fingerprint(subject, optimizer)
                await teach(subject, optimizer)
                assert await version(subject, optimizer) == number, "versions count the collections learnt from"
                moved = distance(before, await fingerprint(subject, optimizer))
                assert moved > 10 * subject.tolerance, f"an update moved the published log-probs by {moved:.2g} nats: they are stale"
            await optimizer.save(tmp_path)
            await restored.restore(tmp_path)
            await same(subject, optimizer, restored)

    async def test_a_restored_optimizer_goes_on_exactly(self, subject: OptimizerSubject, tmp_path: Path) -> None:
        async with built(subject.build) as straight, built(subject.build) as restored:
            await teach(subject, straight, rounds=3)
            await straight.save(tmp_path)
            await teach(subject, restored, Lesson((-1.0, 1.0)))  # what it did before must not matter
            await restored.restore(tmp_path)
            await same(subject, straight, restored)
            for number in range(2):
                await teach(subject, straight, Lesson((-1.0, 0.5 * number)))
                await teach(subject, restored, Lesson((-1.0, 0.5 * number)))
            await same(subject, straight, restored)

    @pytest.mark.parametrize("odd", [math.nan, math.inf])
    async def test_a_reward_that_is_not_finite_stops_before_the_weights_change(self, subject: OptimizerSubject, odd: float) -> None:
        async with built(subject.build) as poisoned, built(subject.build) as healthy:
            for optimizer in (poisoned, healthy):
                await teach(subject, optimizer)
            with pytest.raises((TrainingDiverged, ValueError)):
                await poisoned.update(await sampled(subject, poisoned, Lesson((odd, odd))))
            await same(subject, poisoned, healthy)
            for optimizer in (poisoned, healthy):
                await teach(subject, optimizer)
            await same(subject, poisoned, healthy)

    async def test_a_report_counts_updates_and_its_figures_are_finite(self, subject: OptimizerSubject) -> None:
        async with built(subject.build) as optimizer:
            report = await teach(subject, optimizer, rounds=2)
        assert report.updates >= 1
        odd = {name: value for name, value in report.metrics.items() if not math.isfinite(value)}
        assert not odd, f"figures of the report are not finite: {odd}"

    @needs("reports_turns")
    async def test_every_turn_is_reported_in_order(self, subject: OptimizerSubject) -> None:
        async with built(subject.build) as optimizer:
            trajectories = await sampled(subject, optimizer)
            report = await optimizer.update(trajectories)
        assert [(each.episode, each.turn) for each in report.turns] == turns_of(trajectories)
        figures = [figure for each in report.turns for figure in (each.value, each.kl, each.return_, each.advantage, each.weight)]
        assert all(map(math.isfinite, figures))
        good, bad = ([each for each in report.turns if each.episode.number % 2 == parity] for parity in (0, 1))
        assert min(each.advantage for each in good) > max(each.advantage for each in bad), "rewarded turns have the lower advantage"

    @needs("reports_turns")
    @pytest.mark.parametrize("temperature", [1.0, 0.7, 1.4])
    async def test_answers_of_the_current_weights_have_weight_one(self, subject: OptimizerSubject, temperature: float) -> None:
        async with built(subject.build) as optimizer:
            report = await optimizer.update(await sampled(subject, optimizer, Lesson(temperature=temperature)))
        assert [each.weight for each in report.turns] == pytest.approx([1.0] * len(report.turns), abs=1e-3 + 10 * subject.tolerance)

    @needs("kl")
    async def test_without_rewards_the_policy_is_pulled_back(self, subject: OptimizerSubject) -> None:
        # One turn after one prompt, so that a critic, which sees no difference, has no say in who is better.
        taught, calm = Lesson(turns=1), Lesson((0.0, 0.0), turns=1)
        async with built(subject.build) as optimizer:
            start = (await read(subject, optimizer, turns=1)).answers
            await teach(subject, optimizer, taught, ROUNDS)
            learnt = (await read(subject, optimizer, turns=1)).answers - start
            await teach(subject, optimizer, calm, CALM)
            left = (await read(subject, optimizer, turns=1)).answers - start
        assert left < 0.7 * learnt, (
            f"good answers had gained {learnt:.3f} nats a token on bad ones; {CALM} calm collections left {left:.3f}"
        )

    @needs("kl")
    async def test_the_kl_is_zero_at_first_and_not_for_long(self, subject: OptimizerSubject) -> None:
        async with built(subject.build) as optimizer:
            first = await teach(subject, optimizer)
            later = await teach(subject, optimizer, rounds=ROUNDS)
        assert first.turns, "no turn is reported, expected the KL of each"
        assert [each.kl for each in first.turns] == pytest.approx([0.0] * len(first.turns), abs=10 * subject.tolerance)
        assert max(abs(each.kl) for each in later.turns) > 10 * subject.tolerance, "the policy has moved, and its KL is 0"

    @needs("splits")
    async def test_the_same_is_learnt_however_the_work_is_split(self, subject: OptimizerSubject) -> None:
        assert subject.build_split is not None, "the subject has no build_split, expected one: give it or switch the promise splits off"
        async with built(subject.build) as whole, built(subject.build_split) as split:
            for optimizer in (whole, split):
                await optimizer.update(await sampled_unevenly(subject, optimizer))
            found = distance(await fingerprint(subject, whole), await fingerprint(subject, split))
        # Sums in another order differ in their last bits, and Adam's first step is the sign of a gradient, however small.
        assert found <= 1e-3 + subject.tolerance, f"log-probs are {found:.2g} nats apart"

    async def test_suspending_and_resuming_changes_nothing(self, subject: OptimizerSubject) -> None:
        async with built(subject.build) as rested, built(subject.build) as busy:
            await teach(subject, rested)
            await rested.suspend()
            await rested.resume()
            await teach(subject, busy)
            for optimizer in (rested, busy):
                await teach(subject, optimizer)
            await same(subject, rested, busy)

    async def test_an_optimizer_that_rested_saves_and_restores_everything(self, subject: OptimizerSubject, tmp_path: Path) -> None:
        async with built(subject.build) as rested, built(subject.build) as restored:
            await teach(subject, rested, rounds=2)
            for optimizer in (rested, restored):
                await optimizer.suspend()
                await optimizer.resume()
            await rested.save(tmp_path)
            await restored.restore(tmp_path)
            await same(subject, rested, restored)
            for optimizer in (rested, restored):
                await teach(subject, optimizer)
            await same(subject, rested, restored)

    async def test_a_suspended_optimizer_can_be_closed(self, subject: OptimizerSubject) -> None:
        async with built(subject.build) as optimizer:
            await teach(subject, optimizer)
            await optimizer.suspend()

    async def test_closing_twice_is_harmless(self, subject: OptimizerSubject) -> None:
        async with built(subject.build) as optimizer:
            await teach(subject, optimizer)
            await optimizer.close()
            await optimizer.close()


async def same(subject: OptimizerSubject, first: Optimizer, second: Optimizer) -> None:
    """Fail unless both publish the same version of the same weights."""
    assert await version(subject, first) == await version(subject, second)
    found = distance(await fingerprint(subject, first), await fingerprint(subject, second))
    assert found <= subject.tolerance, f"published log-probs are {found:.2g} nats apart that should be the same"


def turns_of(trajectories: list[Trajectory]) -> list[tuple[object, int]]:
    """The episode and number of every turn."""
    return [(trajectory.episode, turn) for trajectory in trajectories for turn in range(len(trajectory.turns))]
