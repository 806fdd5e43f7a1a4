"""Learn from rewards under a KL penalty: what PPO, GRPO and RLOO share."""

import math
import time
from collections.abc import Callable, Mapping, Sequence

import attrs
import torch
from attrs import define, frozen
from torch import Tensor, nn

from rlef_core import Trajectory, UpdateReport
from rlef_torch.actor import Actor, LogProbs
from rlef_torch.batch import Batch, sampled
from rlef_torch.groups import equal, groups_of
from rlef_torch.lessons import Lesson, Scorer
from rlef_torch.losses import ReinforceStatistics
from rlef_torch.penalty import Penalty
from rlef_torch.report import parity_metrics, rewarded_metrics, step_metrics, turn_reports
from rlef_torch.returns import Scores, Targets
from rlef_torch.updater import Updater

FindTargets = Callable[[Sequence[Trajectory], Sequence[Scores], float], list[Targets]]
"""From a collection, its scores and the coefficient of the KL penalty in the reward to what each trajectory teaches."""
TokenLoss = Callable[[Sequence[Lesson], Tensor, Tensor], tuple[Tensor, ReinforceStatistics]]
"""From lessons and their tokens' log-probs and entropies to the weighted sum of the tokens' losses, without the KL, and statistics."""


@frozen(eq=False)
class PolicyLoss:
    """The loss of the policy's pupil: the family's loss of tokens, and the KL penalty where it stands in the loss."""

    forward: LogProbs
    penalty: Penalty
    of_tokens: TokenLoss

    def __call__(self, lessons: Sequence[Lesson], batch: Batch) -> tuple[Tensor, ReinforceStatistics]:
        logprobs, entropy = self.forward(batch, lessons[0].trajectory.temperature, entropy=True)
        assert entropy is not None  # it was asked for
        loss, statistics = self.of_tokens(lessons, logprobs, entropy)
        if not self.penalty.in_loss:
            return loss, statistics
        kl, unweighted = self.penalty.loss(lessons, logprobs)
        return loss + self.penalty.in_loss * kl, attrs.evolve(statistics, penalty=unweighted)


@define(eq=False)
class RewardedLearner:
    """Scores a collection, works out what it teaches, and takes its updates.

    fixed: modules that score and stay as they are. average: what the policy's loss is a mean over, tokens or sequences. least_group:
    smaller groups are left out of the updates.
    """

    policy: Actor
    fixed: Sequence[nn.Module]
    scorer: Scorer
    penalty: Penalty
    updater: Updater[Lesson]
    targets: FindTargets
    average: str = "token"
    least_group: int = 1

    def learn(self, collection: Sequence[Trajectory], seed: int, version: int) -> UpdateReport:
        began = time.perf_counter()
        with self.updater.span("score"):
            lessons = self.lessons(collection)
        taught = self.taught(lessons)
        results = self.updater.learn(taught, seed)
        metrics = (
            rewarded_metrics(lessons)
            | parity_metrics(lessons, version, self.penalty.config.parity_bound)
            | step_metrics(results, self.updater.pupils["policy"].stepper.rate)
            | {
                "optimizer/kl_coefficient": self.penalty.coefficient,
                "optimizer/left_out_share": 1 - len(taught) / len(lessons),
                "optimizer/padding_share": self.updater.padding_share(lessons),
                "optimizer/tokens_per_second": sum(len(x.ids) for x in collection) / (time.perf_counter() - began),
            }
        )
        self.penalty.adapt(metrics["optimizer/kl"], len(collection))
        return UpdateReport(self.updater.planned(len(lessons)), metrics, turn_reports(lessons, self.updater.credit))

    def lessons(self, collection: Sequence[Trajectory]) -> list[Lesson]:
        """Return the collection's lessons, in order, scored by the models as they are now.

        Raises ValueError for trajectories without responses, or of several temperatures.
        """
        scores = self.scorer.scores(collection)
        targets = self.targets(collection, scores, self.penalty.in_reward)
        device = self.updater.device
        behaviour = [sampled(trajectory).to(device) for trajectory in collection]
        weights = [torch.full_like(each, 1 if self.average == "token" else 1 / len(each)) for each in behaviour]
        return [Lesson(*parts) for parts in zip(collection, behaviour, weights, scores, targets, strict=True)]

    def taught(self, lessons: Sequence[Lesson]) -> list[Lesson]:
        """Return the lessons that the updates take, in order: those of groups that are large enough and, if so set, not all equal."""
        returns = [math.fsum(turn.reward for turn in lesson.trajectory.turns) for lesson in lessons]
        kept: list[int] = []
        for group in groups_of([lesson.trajectory.episode for lesson in lessons]):
            skipped = self.penalty.config.skip_equal_groups and equal([returns[index] for index in group])
            kept += [] if skipped or len(group) < self.least_group else group
        return [lessons[index] for index in sorted(kept)]

    def state(self) -> Mapping[str, float]:
        return {"kl_coefficient": self.penalty.coefficient}

    def restore(self, state: Mapping[str, float]) -> None:
        self.penalty.coefficient = state.get("kl_coefficient", self.penalty.config.kl_coefficient)
