"""The order of play: a seeded permutation of a split's ids, epoch after epoch, without the rows that are no usable task."""

from collections.abc import Callable, Iterator, Sequence

from rlef_core.errors import Origin, RlefError, boundary
from rlef_core.records import Rejected, Task
from rlef_core.roles import Taskset
from rlef_core.rollout.order import Order


class NoUsableTask(RlefError):
    """A split is empty or holds no usable task."""


class TaskStream:
    """Draws tasks of a split without end; `position` counts the ids drawn, rejected ones included, and is all the state there is."""

    def __init__(
        self,
        taskset: Taskset,
        origin: Origin,
        split: str,
        seed: Callable[..., int],
        *,
        position: int = 0,
        allow_no_public_cases: bool = False,
    ) -> None:
        with boundary(origin, "ids"):
            self._ids: Sequence[str] = taskset.ids(split)
        if not self._ids:
            raise NoUsableTask(f"{origin}: split {split!r} is empty, expected at least one task; check the path and the split's name")
        self.position = position
        self.rejected: list[Rejected] = []
        self._taskset = taskset
        self._origin = origin
        self._split = split
        self._order = Order(len(self._ids), seed)
        self._allow_no_public_cases = allow_no_public_cases

    def draw(self, count: int) -> list[Task]:
        """The next `count` usable tasks. Raises NoUsableTask when there is none."""
        tasks: list[Task] = []
        barren = 0
        while len(tasks) < count:
            task = self._task(self._next())
            if isinstance(task, Rejected):
                self.rejected.append(task)
                barren += 1
            else:
                tasks.append(task)
                barren = 0
            if barren >= 2 * len(self._ids) - 1:  # two orders may meet at their rejected ends, so one epoch's length is not enough
                raise NoUsableTask(f"{self._origin}: split {self._split!r} holds no usable task; the last one: {self.rejected[-1].reason}")
        return tasks

    def take_rejected(self) -> list[Rejected]:
        """The rows rejected since the last call."""
        rejected, self.rejected = self.rejected, []
        return rejected

    def _next(self) -> str:
        id = self._ids[self._order.at(self.position)]
        self.position += 1
        return id

    def _task(self, id: str) -> Task | Rejected:
        with boundary(self._origin, "task"):
            task = self._taskset.task(id)
        return task if isinstance(task, Rejected) else usable(task, allow_no_public_cases=self._allow_no_public_cases)


def usable(task: Task, *, allow_no_public_cases: bool) -> Task | Rejected:
    """The task, or why it cannot be played: a task needs private cases, and public ones unless a setting says otherwise."""
    if not task.private_cases:
        return Rejected(task.problem.id, "it has no private cases, expected at least one to score the last program")
    if not task.problem.public_cases and not allow_no_public_cases:
        return Rejected(task.problem.id, "it has no public cases, expected at least one (or rollout.allow_no_public_cases: true)")
    return task


def in_order(taskset: Taskset, origin: Origin, split: str) -> Iterator[tuple[str, Task | Rejected]]:
    """Every id of a split with its task, in the taskset's order; one that stands there again is left out."""
    with boundary(origin, "ids"):
        ids = taskset.ids(split)
    for id in dict.fromkeys(ids):
        with boundary(origin, "task"):
            task = taskset.task(id)
        yield id, task
