"""Check an executor: what it answers, which limits it keeps, what it keeps programs from, what it leaves behind."""

from rlef_core.testing.executor.answers import Answers
from rlef_core.testing.executor.faults import Faults
from rlef_core.testing.executor.isolation import Isolation
from rlef_core.testing.executor.keeping import Keeping
from rlef_core.testing.executor.leftovers import Leftovers

__all__ = ["ISOLATION", "ExecutorSuite"]

ISOLATION: tuple[str, ...] = (*Isolation.promises, "separates_programs")
"""The promises that an executor makes when its offer names any isolation."""


class ExecutorSuite(Answers, Keeping, Isolation, Leftovers, Faults):
    """The checks of an executor; the fixture to write is `executor`, one that nothing was run on. The suite closes it.

    Programs run in the installed language that has the `cpython` runtime, unless the fixture `language` is written too. `kill_sandbox`
    may be overridden where killing the executor's processes is not what a dead sandbox looks like.
    """
