"""Check a taskset: stable ids, the same task each time, in an order and a form that a run can come back to."""

import json
from collections.abc import Callable, Sequence
from itertools import islice

import pytest

from rlef_core import Rejected, Task, Taskset, task_from_json, task_to_json
from rlef_core.testing.suite import Suite, needs, promise

MOST = 200
"""How many tasks of a split are looked at."""
SEEN = pytest.StashKey[dict[str, tuple[list[str], list[Task | Rejected]]]]()
NOWHERE = "no-such-task-4be1"


class TasksetSuite(Suite):
    """The checks of a taskset; the fixture to write is `taskset`. `splits` names the splits that are looked at, which must not be empty."""

    splits: Sequence[str] = ("train",)

    has_disjoint_cases: bool = promise("no private case of a task is among its public ones")
    rejects_none: bool = promise("every row is a usable task")
    repeats_none: bool = promise("no id stands twice in a split")

    @pytest.fixture
    def taskset(self) -> Taskset:
        """Stands in for the author's."""
        raise NotImplementedError(self.fixture_wanted("taskset", "a Taskset"))

    def test_every_split_has_ids(self, taskset: Taskset) -> None:
        for split in self.splits:
            ids = list(taskset.ids(split))
            assert ids, f"split {split!r} has no ids; set `splits` to those that the taskset has"
            assert all(isinstance(id, str) and id for id in ids), f"found ids of split {split!r} that are no text"

    @needs("repeats_none")
    def test_a_split_has_each_id_once(self, taskset: Taskset) -> None:
        for split in self.splits:
            ids = list(taskset.ids(split))
            twice = sorted({id for id in islice(ids, MOST) if ids.count(id) > 1})
            assert len(set(ids)) == len(ids), f"found ids more than once in split {split!r}: {twice[:5]}"

    def test_the_ids_come_in_the_same_order_each_time(self, taskset: Taskset) -> None:
        for split in self.splits:
            first = list(taskset.ids(split))
            for id in islice(first, 3):
                taskset.task(id)
            again = list(taskset.ids(split))
            assert again == first, f"the order of split {split!r} changed from one call to the next: {first[:5]}, then {again[:5]}"

    @pytest.mark.parametrize("made", ["first", "second"])
    def test_a_taskset_made_anew_has_the_same_order_and_tasks(self, request: pytest.FixtureRequest, taskset: Taskset, made: str) -> None:
        found = {split: (list(taskset.ids(split)), list(map(taskset.task, self._ids(taskset)))) for split in self.splits}
        before = request.node.parent.stash.setdefault(SEEN, found)
        for split, (ids, tasks) in found.items():
            assert ids == before[split][0], f"the {made} made has another order in split {split!r}: {ids[:5]}, not {before[split][0][:5]}"
            assert tasks == before[split][1], f"the {made} made has other tasks in split {split!r}"

    def test_the_ids_have_a_length_and_places(self, taskset: Taskset) -> None:
        for split in self.splits:
            ids = taskset.ids(split)
            assert ids[0] == next(iter(ids)), "ids[0] is not the first that iterating gives"
            assert ids[len(ids) - 1] in set(ids)

    def test_a_task_is_the_same_each_time_and_called_by_its_id(self, taskset: Taskset) -> None:
        for id in self._ids(taskset):
            task = taskset.task(id)
            assert isinstance(task, Task | Rejected), f"task({id!r}) returned {task!r:.100}, expected a Task or Rejected"
            name = task.problem.id if isinstance(task, Task) else task.row
            assert name == id, f"task({id!r}) is called {name!r}"
            assert taskset.task(id) == task, f"task({id!r}) changed from one call to the next"

    def test_a_task_survives_json(self, taskset: Taskset) -> None:
        for task in self._tasks(taskset):
            again = task_from_json(json.loads(json.dumps(task_to_json(task))))
            assert again == task, f"task {task.problem.id!r} is another one after JSON: {again!r:.200}"

    def test_a_task_has_a_statement_and_private_cases(self, taskset: Taskset) -> None:
        for task in self._tasks(taskset):
            assert task.problem.statement.strip(), f"task {task.problem.id!r} has an empty statement"
            assert task.private_cases, f"task {task.problem.id!r} has no private cases, so that any program would pass it unseen"

    @needs("has_disjoint_cases")
    def test_no_private_case_is_public(self, taskset: Taskset) -> None:
        for task in self._tasks(taskset):
            shared = [case for case in task.private_cases if case in task.problem.public_cases]
            assert not shared, f"task {task.problem.id!r} shows {len(shared)} of its private cases: {shared[0]!r:.200}"

    @needs("rejects_none")
    def test_no_row_is_rejected(self, taskset: Taskset) -> None:
        rejected = [task for task in map(taskset.task, self._ids(taskset)) if isinstance(task, Rejected)]
        assert not rejected, f"{len(rejected)} rows are rejected, such as {rejected[0].row!r}: {rejected[0].reason}"

    def test_a_rejection_says_why(self, taskset: Taskset) -> None:
        silent = [task for task in map(taskset.task, self._ids(taskset)) if isinstance(task, Rejected) and not task.reason.strip()]
        assert not silent, f"row {silent[0].row!r} is rejected without a reason"

    def test_an_unknown_id_is_refused_by_its_name(self, taskset: Taskset) -> None:
        answer = refusal(lambda: taskset.task(NOWHERE))
        assert not isinstance(answer, Task), f"found a task for the unknown id {NOWHERE!r}"
        assert NOWHERE in str(answer), f"found {answer!r} for the unknown id, expected a Rejected or an error that names {NOWHERE!r}"

    def test_an_unknown_split_that_is_refused_is_named(self, taskset: Taskset) -> None:
        answer = refusal(lambda: taskset.ids(NOWHERE))
        named = not isinstance(answer, Exception) or NOWHERE in str(answer)
        assert named, f"found {answer!r} for the unknown split, expected an error that names {NOWHERE!r}"

    def _ids(self, taskset: Taskset) -> list[str]:
        return [id for split in self.splits for id in islice(taskset.ids(split), MOST)]

    def _tasks(self, taskset: Taskset) -> list[Task]:
        return [task for task in map(taskset.task, self._ids(taskset)) if isinstance(task, Task)]


def refusal(ask: Callable[[], object]) -> object:
    """What is answered, or the error that is raised; which one is the taskset's choice."""
    try:
        return ask()
    except Exception as error:
        return error
