"""Run suites with pytest without a file to collect: `run_suites([TestMine])` tells what became of every check."""

import types
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from attrs import Factory, frozen

from rlef_core.testing.suite import Suite

NAME = "checks"
APART = (
    *("-c", "/dev/null", "-p", "no:cacheprovider", "--disable-warnings"),
    *("-o", "python_classes=*", "-o", "asyncio_default_fixture_loop_scope=function"),
)
"""What keeps a run of pytest from the files and settings around it."""


@frozen
class Outcomes:
    """The names of a run's checks by what became of them; `exit_code` is pytest's."""

    exit_code: int
    passed: frozenset[str] = Factory(frozenset)
    failed: frozenset[str] = Factory(frozenset)
    excused: frozenset[str] = Factory(frozenset)


def run_suites(suites: Sequence[type[Suite]], arguments: Sequence[str] = ()) -> Outcomes:
    """Run the checks of `suites`, with further `arguments` for pytest; what pytest prints goes to standard output.

    Each suite has a name of its own. No file of the caller's is collected, and no configuration of the working directory is read.
    """
    run = _Run(suites)
    with TemporaryDirectory() as folder:
        place = Path(folder, NAME)
        place.touch()
        code = pytest.main([*APART, "--rootdir", folder, str(place), *arguments], plugins=[run])
    return Outcomes(int(code), *(frozenset(run.outcomes[word]) for word in ("passed", "failed", "excused")))


class _Run:
    """Gives pytest the suites as the content of a module, and notes what became of their checks."""

    def __init__(self, suites: Sequence[type[Suite]]) -> None:
        self._module = types.ModuleType("suites")
        for suite in suites:
            setattr(self._module, suite.__name__, suite)
        self.outcomes: dict[str, set[str]] = {"passed": set(), "failed": set(), "excused": set()}

    def pytest_collect_file(self, file_path: Path, parent: pytest.Collector) -> pytest.Module | None:
        """Hand out the suites in place of the empty file that pytest was pointed to."""
        if file_path.name != NAME:
            return None
        module: pytest.Module = pytest.Module.from_parent(parent, path=file_path)
        module.obj = self._module
        return module

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Sort a check by its outcome; one that fails while it is set up or taken down has failed."""
        name = report.nodeid.rpartition("::")[2].partition("[")[0]
        if report.skipped:
            self.outcomes["excused"].add(name)
        elif report.failed:
            self.outcomes["failed"].add(name)
        elif report.when == "call":
            self.outcomes["passed"].add(name)
