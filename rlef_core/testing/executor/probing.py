"""Run a probe, a small harmless program, on the executor under test."""

from collections.abc import AsyncIterator, Awaitable, Iterator, Mapping
from importlib import metadata
from typing import Any, Protocol

import pytest
import pytest_asyncio

from rlef_core import CaseInput, Completed, Executor, Job, Language, Limits
from rlef_core.testing.suite import Suite
from rlef_core.testing.surroundings import temporary_folder

LIMITS = Limits(cpu_seconds=10, wall_seconds=60)


class Run(Protocol):
    """Runs one program on one input; further keywords are limits."""

    def __call__(
        self, source: str, stdin: bytes = b"", *, files: Mapping[str, bytes] | None = None, output_file: str = "", **limits: float
    ) -> Awaitable[Completed]: ...


class Probing(Suite):
    """What the parts of ExecutorSuite share: the executor, the language of the probes, and a short way to run one."""

    @pytest.fixture
    def executor(self) -> Executor:
        """Stands in for the author's."""
        raise NotImplementedError(self.fixture_wanted("executor", "an Executor that nothing was run on"))

    @pytest.fixture
    def language(self) -> Language:
        """The language of the probes; they are Python."""
        return installed_python()

    @pytest.fixture(autouse=True)
    def temporary_folder(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
        """A folder that stands in for the system's temporary one while the executor is made and used; every user can reach it."""
        with temporary_folder() as folder:
            monkeypatch.setenv("TMPDIR", folder)
            monkeypatch.setattr("tempfile.tempdir", folder)
            yield folder

    @pytest_asyncio.fixture(loop_scope="function")
    async def run(self, executor: Executor, language: Language) -> AsyncIterator[Run]:
        """Run a probe; the executor is closed at the end."""

        async def run_one(
            source: str, stdin: bytes = b"", *, files: Mapping[str, bytes] | None = None, output_file: str = "", **limits: Any
        ) -> Completed:
            case = CaseInput(stdin=stdin, files=files or {}, output_file=output_file)
            completed = await finished(executor, Job(language, source, (case,), Limits(**limits) if limits else LIMITS))
            assert [each.case for each in completed] == [0], f"found cases {[each.case for each in completed]}, expected the only one"
            return completed[0]

        yield run_one
        await executor.close()


async def finished(executor: Executor, job: Job) -> list[Completed]:
    """Everything that the executor yields for a job, each record checked for what holds of all."""
    completed = [each async for each in executor.run(job)]
    for each in completed:
        check_record(each, job)
    return completed


def check_record(completed: Completed, job: Job) -> None:
    """Assert what holds of every record of a job."""
    told = (completed.exit_code, completed.signal)
    assert (told[0] is None) != (told[1] is None), f"found exit code and signal {told}, expected exactly one of them"
    assert completed.signal is None or completed.signal > 0, f"found signal {completed.signal}, expected a positive number"
    assert isinstance(completed.stdout, bytes), f"stdout is a {type(completed.stdout).__name__}, expected bytes"
    assert isinstance(completed.stderr, bytes), f"stderr is a {type(completed.stderr).__name__}, expected bytes"
    figures = (completed.cpu_seconds, completed.wall_seconds, completed.peak_memory_bytes)
    assert min(figures) >= 0, f"found cpu_seconds, wall_seconds, peak_memory_bytes {figures}, expected none below 0"
    if completed.case is not None:
        longest = max(len(completed.stdout), len(completed.stderr))
        assert longest <= job.limits.output_bytes, f"found {longest} bytes of output, expected at most {job.limits.output_bytes}"


def installed_python() -> Language:
    """The language of rlef-core's own plugin that has the `cpython` runtime."""
    for entry in metadata.distribution("rlef-core").entry_points.select(group="rlef"):
        for language in entry.load().rlef_register_languages():
            if language.runtime == "cpython":
                found: Language = language
                return found
    raise LookupError("rlef-core offers no language of the runtime 'cpython': install it whole, or write the fixture `language`")
