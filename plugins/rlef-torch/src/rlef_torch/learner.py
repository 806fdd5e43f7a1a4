"""Take the updates of a collection: forward, backward, one step of the policy and of the critic each."""

import math
import time
from collections.abc import Sequence
from functools import reduce
from operator import add
from typing import TypeVar

import torch
from attrs import define
from torch import Tensor

from rlef_core import TrainingDiverged, Trajectory, UpdateReport
from rlef_torch.actor import Actor
from rlef_torch.batch import Batch, pack
from rlef_torch.batching import micro_batches, updates
from rlef_torch.config import PpoConfig
from rlef_torch.critic import Critic
from rlef_torch.lessons import Lesson, prepare
from rlef_torch.losses import PolicyStatistics, Statistics, ValueStatistics, policy_loss, value_loss
from rlef_torch.report import UpdateResult, metrics_of, turn_reports
from rlef_torch.steps import Stepper

StatisticsT = TypeVar("StatisticsT", bound=Statistics)


@define(eq=False)
class Learner:
    """The policy, its critic and its reference, and what moves the first two. One thread at a time may use it.

    `updates` counts gradient steps. In the first `critic_warmup_updates` of them only the critic moves; the policy's
    warm-up begins after them.
    """

    policy: Actor
    critic: Critic
    reference: Actor
    policy_stepper: Stepper
    critic_stepper: Stepper
    config: PpoConfig
    sequences_per_update: int
    updates: int = 0

    def learn(self, collection: Sequence[Trajectory], seed: int) -> UpdateReport:
        """Take all updates of a collection, in an order drawn from `seed`.

        Raises TrainingDiverged before a step that is not finite, ValueError for trajectories that cannot be learned from.
        """
        began = time.perf_counter()
        lessons = prepare(collection, self.policy, self.reference, self.critic, self.config)
        order = updates(len(lessons), sequences_per_update=self.sequences_per_update, epochs=self.config.passes, seed=seed)
        results = [self.update([lessons[index] for index in indexes]) for indexes in order]
        metrics = metrics_of(lessons, results, self.config) | {
            "optimizer/learning_rate": self.policy_stepper.rate,
            "optimizer/tokens_per_second": sum(len(x.ids) for x in collection) / (time.perf_counter() - began),
        }
        return UpdateReport(len(results), metrics, turn_reports(lessons, self.config.credit))

    def update(self, lessons: Sequence[Lesson]) -> UpdateResult:
        """Take one gradient step. Raises TrainingDiverged, with the weights as they were, when a loss or gradient is not finite."""
        result = self.gradients(lessons)
        figures = {"policy loss": result.policy_loss, "value loss": result.value_loss}
        figures |= {"policy's gradient norm": result.policy_norm, "critic's gradient norm": result.critic_norm}
        odd = [f"{name} is {value}" for name, value in figures.items() if not math.isfinite(value)]
        if odd:
            self.policy_stepper.forget()
            self.critic_stepper.forget()
            raise TrainingDiverged(
                f"update {self.updates + 1}: {', '.join(odd)}, expected finite numbers; the weights are those of update {self.updates}; "
                "start again with a lower optimizer.learning_rate or more warmup_updates"
            )
        if result.policy:
            self.policy_stepper.step(self.updates - self.config.critic_warmup_updates)
        self.critic_stepper.step(self.updates)
        self.updates += 1
        return result

    def gradients(self, lessons: Sequence[Lesson]) -> UpdateResult:
        """Leave the gradients of one update, scaled to the greatest norm allowed, in the parameters; returns losses and statistics."""
        warming = self.updates < self.config.critic_warmup_updates
        tokens = sum(len(lesson.behaviour) for lesson in lessons)
        positions = sum(len(lesson.targets.returns) for lesson in lessons)
        value_parts, policy_parts = [], []
        lengths = [len(lesson.trajectory.ids) for lesson in lessons]
        for indexes in micro_batches(lengths, token_budget=self.config.micro_batch_tokens):
            members = [lessons[index] for index in indexes]
            batch = pack([lesson.trajectory for lesson in members], self.config.credit, self.policy.model.device)
            value_parts.append(self._value_part(members, batch, positions))
            if not warming:
                policy_parts.append(self._policy_part(members, batch, tokens))
        return UpdateResult(
            policy_loss=float(sum(loss for loss, _ in policy_parts)),
            value_loss=float(sum(loss for loss, _ in value_parts)),
            policy=None if warming else _total([statistics for _, statistics in policy_parts]),
            value=_total([statistics for _, statistics in value_parts]),
            policy_norm=0.0 if warming else self.policy_stepper.clip(),
            critic_norm=self.critic_stepper.clip(),
        )

    def _policy_part(self, lessons: Sequence[Lesson], batch: Batch, tokens: int) -> tuple[Tensor, PolicyStatistics]:
        logprobs, entropy = self.policy.logprobs(batch, lessons[0].trajectory.temperature, entropy=True)
        total, statistics = policy_loss(
            logprobs,
            torch.cat([lesson.scores.logprobs_old for lesson in lessons]),
            torch.cat([lesson.behaviour for lesson in lessons]),
            torch.cat([lesson.targets.token_advantages for lesson in lessons]),
            importance=self.config.importance,
            clip=(self.config.clip_low, self.config.clip_high),
            entropy=entropy,
        )
        loss = total / tokens
        torch.autograd.backward(loss)
        return loss.detach(), statistics

    def _value_part(self, lessons: Sequence[Lesson], batch: Batch, positions: int) -> tuple[Tensor, ValueStatistics]:
        old = torch.cat([lesson.scores.values for lesson in lessons])
        returns = torch.cat([lesson.targets.returns for lesson in lessons])
        total, statistics = value_loss(self.critic(batch), old, returns, clip=self.config.value_clip)
        loss = total / positions
        torch.autograd.backward(self.config.value_coefficient * loss)
        return loss.detach(), statistics


def _total(statistics: Sequence[StatisticsT]) -> StatisticsT:
    return reduce(add, statistics)
