"""Say what an update moves: a module, the loss that teaches it, and the stepper that moves it."""

from collections.abc import Callable, Sequence
from typing import Generic, Protocol, TypeVar

import torch
from attrs import define, frozen
from torch import Tensor, nn

from rlef_core import Trajectory
from rlef_torch.batch import Batch
from rlef_torch.losses import Statistics
from rlef_torch.steps import Stepper


class Taught(Protocol):
    """What a family makes of a trajectory to learn from it."""

    @property
    def trajectory(self) -> Trajectory: ...


LessonT = TypeVar("LessonT", bound=Taught)


@frozen(eq=False)
class PupilResult:
    """One update of a pupil: its loss, statistics, and its gradient's norm before it was scaled."""

    loss: float
    statistics: Statistics
    norm: float


@define(eq=False)
class Pupil(Generic[LessonT]):
    """A module that updates move.

    loss: the sum over some lessons, packed into the batch, with its statistics. count: what one lesson adds to the denominator, which is
    that of the whole update. after: first updates in which it stands still. factor: of its loss, where it meets the bound on the norm.
    """

    module: nn.Module
    stepper: Stepper
    loss: Callable[[Sequence[LessonT], Batch], tuple[Tensor, Statistics]]
    count: Callable[[LessonT], int]
    after: int = 0
    factor: float = 1.0

    def backward(self, lessons: Sequence[LessonT], batch: Batch, count: int) -> tuple[Tensor, Statistics]:
        """Add a micro-batch's gradient to the module's; returns the micro-batch's share of the loss, and its statistics."""
        total, statistics = self.loss(lessons, batch)
        loss = total / count
        torch.autograd.backward(self.factor * loss)
        return loss.detach(), statistics
