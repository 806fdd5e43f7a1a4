"""The suite for optimizers passes an honest one, and each kind of dishonest one fails the check that is meant for it."""

import math
from collections.abc import Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from rlef_core import Trajectory, UpdateReport, Weights
from rlef_core.testing.optimizer import OptimizerSubject, OptimizerSuite
from tests.testing.bigram import SIZE, BigramOptimizer, Rows, logprobs


def subject_of(build: type[BigramOptimizer]) -> OptimizerSubject:
    return OptimizerSubject(build, logprobs, vocabulary=SIZE, build_split=build, tolerance=1e-12)


class TestBigramOptimizer(OptimizerSuite):
    splits = False

    @pytest.fixture
    def subject(self) -> OptimizerSubject:
        return subject_of(BigramOptimizer)


class TrainsFeedback(BigramOptimizer):
    def lessons(self, trajectory: Trajectory, advantages: Sequence[float]) -> list[tuple[int, float]]:
        starts = [1, *(turn.stop for turn in trajectory.turns[:-1])]
        return [
            (place, each)
            for start, turn, each in zip(starts, trajectory.turns, advantages, strict=True)
            for place in range(start, turn.stop)
        ]


class FlipsTheAdvantage(BigramOptimizer):
    def gradient(self, collection: Sequence[Trajectory], advantages: Sequence[Sequence[float]]) -> Rows:
        return super().gradient(collection, [[-each for each in row] for row in advantages])


class DropsTheKl(BigramOptimizer):
    kl_coefficient = 0.0


class ReportsNoKl(BigramOptimizer):
    async def update(self, collection: Sequence[Trajectory]) -> UpdateReport:
        report = await super().update(collection)
        return evolve(report, turns=tuple(evolve(turn, kl=0.0) for turn in report.turns))


class ForgetsMoments(BigramOptimizer):
    async def restore(self, directory: Path) -> None:
        await super().restore(directory)
        self.moments = ({}, {})


class KeepsItsOwnMoments(BigramOptimizer):
    async def restore(self, directory: Path) -> None:
        own = self.moments
        await super().restore(directory)
        self.moments = own


class ForgetsTheVersion(BigramOptimizer):
    async def restore(self, directory: Path) -> None:
        own = self.version
        await super().restore(directory)
        self.version = own


class PublishesTheWeightsBefore(BigramOptimizer):
    def __init__(self) -> None:
        super().__init__()
        self.before = self.table.copy()

    async def update(self, collection: Sequence[Trajectory]) -> UpdateReport:
        self.before = self.table.copy()
        return await super().update(collection)

    @asynccontextmanager
    async def publish(self, scheme: str) -> Any:
        yield Weights(self.version, scheme, self.before)


class PublishesAnAverage(BigramOptimizer):
    """Its publications move, but are not what it goes on with."""

    @asynccontextmanager
    async def publish(self, scheme: str) -> Any:
        rows = {previous: [(a + b) / 2 for a, b in zip(row, self.reference.row(previous), strict=True)] for previous, row in self.rows()}
        yield Weights(self.version, scheme, evolve(self.table, logits=rows))

    def rows(self) -> list[tuple[int, list[float]]]:
        return list(self.table.logits.items())

    async def restore(self, directory: Path) -> None:
        await super().restore(directory)
        self.reference = self.table.copy()


class PublishesTheFirstWeightsForEver(BigramOptimizer):
    @asynccontextmanager
    async def publish(self, scheme: str) -> Any:
        yield Weights(self.version, scheme, self.reference)


class LearnsWhatIsNotFinite(BigramOptimizer):
    async def update(self, collection: Sequence[Trajectory]) -> UpdateReport:
        odd = any(not math.isfinite(turn.reward) for each in collection for turn in each.turns)
        return UpdateReport(0) if odd else await super().update(collection)


class LearnsBeforeItLooks(BigramOptimizer):
    async def update(self, collection: Sequence[Trajectory]) -> UpdateReport:
        self.step(self.gradient(collection, [[1.0, 1.0]] * len(collection)))
        return await super().update(collection)


class LooksTooLate(BigramOptimizer):
    async def update(self, collection: Sequence[Trajectory]) -> UpdateReport:
        odd = any(not math.isfinite(turn.reward) for each in collection for turn in each.turns)
        if odd:
            self.step(self.gradient(collection, [[math.nan, math.nan]] * len(collection)))
        return await super().update(collection)


class CountsTwice(BigramOptimizer):
    async def update(self, collection: Sequence[Trajectory]) -> UpdateReport:
        self.version += 1
        return await super().update(collection)


class DiffersFromBuildToBuild(BigramOptimizer):
    builds = 0

    def __init__(self) -> None:
        super().__init__()
        type(self).builds += 1
        self.table.seed = self.builds


class ReportsAnswersOnly(BigramOptimizer):
    async def update(self, collection: Sequence[Trajectory]) -> UpdateReport:
        report = await super().update(collection)
        return evolve(report, turns=report.turns[::2])


class ReportsNan(BigramOptimizer):
    async def update(self, collection: Sequence[Trajectory]) -> UpdateReport:
        return evolve(await super().update(collection), metrics={"optimizer/return": math.nan})


class IgnoresTheTemperature(BigramOptimizer):
    async def update(self, collection: Sequence[Trajectory]) -> UpdateReport:
        weights = [self.weight(trajectory) for trajectory in collection for _ in trajectory.turns]
        report = await super().update(collection)
        return evolve(report, turns=tuple(evolve(turn, weight=each) for turn, each in zip(report.turns, weights, strict=True)))

    def weight(self, trajectory: Trajectory) -> float:
        last = trajectory.turns[-1]
        now = logprobs(Weights(0, "", self.table), trajectory.ids[: last.start], trajectory.ids[last.start : last.stop], 1.0)
        return min(1.0, math.exp(math.fsum(now) - math.fsum(trajectory.logprobs[last.start : last.stop])))


class LosesStateWhenSuspended(BigramOptimizer):
    async def suspend(self) -> None:
        self.moments = ({}, {})


class SavesWithoutItsMomentsAfterARest(BigramOptimizer):
    rested = False

    async def suspend(self) -> None:
        self.rested = True

    async def save(self, directory: Path) -> None:
        kept = self.moments
        self.moments = ({}, {}) if self.rested else kept
        await super().save(directory)
        self.moments = kept


class CannotCloseWhileItRests(BigramOptimizer):
    rested = False

    async def suspend(self) -> None:
        self.rested = True

    async def close(self) -> None:
        assert not self.rested


CAUGHT = [
    (TrainsFeedback, "feedback_is_not_learnt"),
    (FlipsTheAdvantage, "rewarded_answers_become_likelier"),
    (FlipsTheAdvantage, "punished_answers_become_rarer"),
    (DropsTheKl, "without_rewards_the_policy_is_pulled_back"),
    (ReportsNoKl, "the_kl_is_zero_at_first_and_not_for_long"),
    (ForgetsMoments, "a_restored_optimizer_goes_on_exactly"),
    (KeepsItsOwnMoments, "a_restored_optimizer_goes_on_exactly"),
    (ForgetsTheVersion, "a_restored_optimizer_goes_on_exactly"),
    (PublishesTheWeightsBefore, "a_publication_is_of_the_weights_just_learnt"),
    (PublishesAnAverage, "a_publication_is_of_the_weights_just_learnt"),
    (PublishesTheFirstWeightsForEver, "a_publication_is_of_the_weights_just_learnt"),
    (CountsTwice, "a_publication_is_of_the_weights_just_learnt"),
    (DiffersFromBuildToBuild, "the_first_publication_is_version_0_and_the_same_every_time"),
    (ReportsAnswersOnly, "every_turn_is_reported_in_order"),
    (ReportsNan, "a_report_counts_updates_and_its_figures_are_finite"),
    (LosesStateWhenSuspended, "suspending_and_resuming_changes_nothing"),
    (SavesWithoutItsMomentsAfterARest, "an_optimizer_that_rested_saves_and_restores_everything"),
    (CannotCloseWhileItRests, "a_suspended_optimizer_can_be_closed"),
]


@pytest.mark.parametrize(("mutant", "check"), CAUGHT, ids=[f"{mutant.__name__}-{check}" for mutant, check in CAUGHT])
async def test_a_dishonest_optimizer_fails_the_check_that_is_meant_for_it(
    mutant: type[BigramOptimizer], check: str, request: pytest.FixtureRequest
) -> None:
    check_of_suite = getattr(OptimizerSuite(), f"test_{check}")
    place = (request.getfixturevalue("tmp_path"),) if "tmp_path" in check_of_suite.__code__.co_varnames else ()
    with pytest.raises(AssertionError) as caught:
        await check_of_suite(subject_of(mutant), *place)
    assert "for this check" not in str(caught.value)  # which says that the subject, and not the optimizer, is wrong


@pytest.mark.parametrize(
    ("mutant", "expected"),
    [(LearnsWhatIsNotFinite, "DID NOT RAISE"), (LearnsBeforeItLooks, "nats apart"), (LooksTooLate, "inf nats apart")],
)
async def test_an_optimizer_that_learns_from_what_is_not_finite_is_caught(mutant: type[BigramOptimizer], expected: str) -> None:
    with pytest.raises((AssertionError, pytest.fail.Exception), match=expected):
        await OptimizerSuite().test_a_reward_that_is_not_finite_stops_before_the_weights_change(subject_of(mutant), math.nan)


async def test_an_optimizer_that_ignores_the_temperature_is_caught() -> None:
    with pytest.raises(AssertionError, match="approx"):
        await OptimizerSuite().test_answers_of_the_current_weights_have_weight_one(subject_of(IgnoresTheTemperature), 1.4)


async def test_an_optimizer_that_learns_otherwise_where_its_work_is_split_is_caught() -> None:
    subject = evolve(subject_of(BigramOptimizer), build_split=TrainsFeedback)
    with pytest.raises(AssertionError, match="nats apart"):
        await OptimizerSuite().test_the_same_is_learnt_however_the_work_is_split(subject)
