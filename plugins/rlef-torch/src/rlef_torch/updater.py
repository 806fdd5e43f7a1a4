"""Take the updates of a collection: forward and backward in micro-batches, then one step of each pupil."""

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import reduce
from operator import add
from typing import Generic

import torch
from attrs import define
from torch import Tensor

from rlef_core import TrainingDiverged
from rlef_torch.batch import pack
from rlef_torch.batching import micro_batches, padding_share, updates
from rlef_torch.losses import Statistics
from rlef_torch.pupil import LessonT, Pupil, PupilResult
from rlef_torch.returns import Credit
from rlef_torch.team import Alone, Team, share_micro_batches


@define(eq=False)
class Updater(Generic[LessonT]):
    """Moves pupils, by name, with lessons; `updates` counts gradient steps. One thread at a time may use it.

    `span` marks each update in the run's timeline. Every rank of the team has the
    same lessons, and computes its share of the micro-batches.
    """

    pupils: Mapping[str, Pupil[LessonT]]
    device: torch.device
    passes: int
    sequences_per_update: int
    micro_batch_tokens: int
    span: Callable[[str], AbstractContextManager[None]]
    credit: Credit = "episode"
    updates: int = 0
    team: Team = Alone()

    def planned(self, sequences: int) -> int:
        """Return how many updates a collection of so many trajectories has when all are learned from."""
        return -(-sequences // self.sequences_per_update) * self.passes

    def learn(self, lessons: Sequence[LessonT], seed: int) -> list[Mapping[str, PupilResult]]:
        """Take all updates of the lessons, in an order drawn from `seed`; returns each one's results by pupil."""
        order = updates(len(lessons), sequences_per_update=self.sequences_per_update, epochs=self.passes, seed=seed)
        results = []
        for indexes in order:
            with self.span("step"):
                results.append(self.update([lessons[index] for index in indexes]))
        return results

    def update(self, lessons: Sequence[LessonT]) -> Mapping[str, PupilResult]:
        """Take one gradient step. Raises TrainingDiverged, with the weights as they were, when a loss or gradient is not finite."""
        results = self.gradients(lessons)
        figures = {f"{name} loss": result.loss for name, result in results.items()}
        figures |= {f"{name}'s gradient norm": result.norm for name, result in results.items() if result.norm is not None}
        odd = [f"{name} is {value}" for name, value in figures.items() if not math.isfinite(value)]
        if odd:
            for pupil in self.pupils.values():
                pupil.stepper.forget()
            raise TrainingDiverged(
                f"update {self.updates + 1}: {', '.join(odd)}, expected finite numbers; the weights are those of update {self.updates}; "
                "start again with a lower optimizer.learning_rate or more warmup_updates"
            )
        for name in results:
            self.pupils[name].stepper.step(self.updates - self.pupils[name].after)
        self.updates += 1
        return results

    def gradients(self, lessons: Sequence[LessonT]) -> Mapping[str, PupilResult]:
        """Leave the gradients of one update, scaled to the greatest norm allowed, in the parameters; returns what they were."""
        moving = {name: pupil for name, pupil in self.pupils.items() if self.updates >= pupil.after}
        counts = {name: sum(pupil.count(lesson) for lesson in lessons) for name, pupil in moving.items()}
        parts: dict[str, list[tuple[Tensor, Statistics]]] = {name: [] for name in moving}
        shared = self._share(lessons)
        for number, (indexes, counted) in enumerate(shared, start=1):
            members = [lessons[index] for index in indexes]
            batch = pack([lesson.trajectory for lesson in members], self.credit, self.device)
            for name, pupil in moving.items():
                loss, statistics = pupil.backward(members, batch, counts[name] if counted else math.inf, last=number == len(shared))
                parts[name].append((loss, statistics if counted else statistics.none()))
        return {name: self._result(pupil, parts[name]) for name, pupil in moving.items()}

    def _result(self, pupil: Pupil[LessonT], parts: Sequence[tuple[Tensor, Statistics]]) -> PupilResult:
        statistics = reduce(add, (each for _, each in parts))
        loss = reduce(add, (each for each, _ in parts))
        sums = statistics.sums()
        total = self.team.total(torch.stack([each.double() for each in (loss, *sums.values())]))
        whole = type(statistics)(**dict(zip(sums, total[1:], strict=True)))
        return PupilResult(loss=float(total[0]), statistics=whole, norm=pupil.stepper.clip())

    def padding_share(self, lessons: Sequence[LessonT]) -> float:
        """Return the share of padding in the micro-batches that the lessons would make together."""
        return padding_share([len(lesson.trajectory.ids) for lesson in lessons], self._split(lessons))

    def _share(self, lessons: Sequence[LessonT]) -> list[tuple[list[int], bool]]:
        lengths = [len(lesson.trajectory.ids) for lesson in lessons]
        return share_micro_batches(lengths, self.micro_batch_tokens, self.team)

    def _split(self, lessons: Sequence[LessonT]) -> list[list[int]]:
        return micro_batches([len(lesson.trajectory.ids) for lesson in lessons], token_budget=self.micro_batch_tokens)
