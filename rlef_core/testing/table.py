"""Print what became of each promise at the end of a pytest run: a plugin that the first suite of a run adds."""

from collections.abc import Generator, Iterator
from typing import Any

import pytest

NAME = "rlef-core-promises"
WORST_FIRST = ("failed", "xfailed", "passed")
WORDS = {"failed": "BROKEN", "xfailed": "excused", "passed": "kept"}


class PromiseTable:
    """Collects the outcomes of suites' checks and writes one table for each class."""

    @classmethod
    def join(cls, config: pytest.Config, suite: type) -> None:
        """Add the table to this run of pytest unless it is there."""
        if not config.pluginmanager.has_plugin(NAME):
            config.pluginmanager.register(cls(suite), NAME)

    def __init__(self, suite: type) -> None:
        self._suite = suite
        self._outcomes: dict[Any, dict[str | None, set[str]]] = {}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Note what became of a check."""
        report = yield
        found = getattr(item, "cls", None)
        if isinstance(found, type) and issubclass(found, self._suite):
            needed = getattr(item.function, "needs", None)  # type: ignore[attr-defined]  # an item of a class has its function
            self._outcomes.setdefault(found, {}).setdefault(needed, set()).update(_outcome(report))
        return report

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Write the tables."""
        for suite, outcomes in self._outcomes.items():
            if not suite.promises:
                continue
            terminalreporter.write_line(f"promises of {suite.__name__}")
            width = max(map(len, suite.promises))
            for name, text in suite.promises.items():
                terminalreporter.write_line(f"  {_state(suite, name, outcomes):<12}  {name:<{width}}  {text}")


def _outcome(report: pytest.TestReport) -> Iterator[str]:
    if report.skipped and hasattr(report, "wasxfail"):
        yield "xfailed"
    elif report.failed or (report.when == "call" and report.passed):
        yield report.outcome


def _state(suite: Any, name: str, outcomes: dict[str | None, set[str]]) -> str:
    if not suite.promised(name):
        return "switched off"
    seen = outcomes.get(name, set())
    return next((WORDS[outcome] for outcome in WORST_FIRST if outcome in seen), "not run")
