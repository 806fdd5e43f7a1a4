"""Say what an update moves: the loss that teaches a module, and the stepper that moves it."""

from collections.abc import Callable, Sequence
from typing import Generic, Protocol, TypeVar

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
    """One update of a pupil: its loss, statistics, and its gradient's norm before it was scaled; None where float16 skipped the step."""

    loss: float
    statistics: Statistics
    norm: float | None


@define(eq=False)
class Pupil(Generic[LessonT]):
    """A module that updates move.

    loss: the sum over some lessons, packed into the batch, with its statistics. count: what one lesson adds to the denominator, which is
    that of the whole update. after: first updates in which it stands still. factor: of its loss, where it meets the bound on the norm.
    """

    stepper: Stepper
    loss: Callable[[Sequence[LessonT], Batch], tuple[Tensor, Statistics]]
    count: Callable[[LessonT], int]
    after: int = 0
    factor: float = 1.0

    @property
    def module(self) -> nn.Module:
        return self.stepper.module

    def backward(self, lessons: Sequence[LessonT], batch: Batch, count: float, *, last: bool) -> tuple[Tensor, Statistics]:
        """Add a micro-batch's gradient to the module's; returns the micro-batch's share of the loss, and its statistics.

        `count` is what the loss is divided by: infinite for a micro-batch that does not count. `last`: it is the update's last.
        """
        total, statistics = self.loss(lessons, batch)
        loss = total / count
        self.stepper.backward(self.factor * loss, last=last)
        return loss.detach(), statistics
