"""An executor with two workers, and short ways to run programs on it."""

import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from rlef_core import CaseInput, Completed, Job, Limits
from rlef_core.builtin.python import LANGUAGE
from rlef_core.builtin.unsafe_subprocess.executor import SubprocessExecutor

FIRST_UID = 61000
Run = Callable[..., Awaitable[Completed]]


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user can reach, as those of pytest are not."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture
async def executor() -> AsyncIterator[SubprocessExecutor]:
    made = SubprocessExecutor(2, FIRST_UID)
    yield made
    await made.close()


@pytest.fixture
def run(executor: SubprocessExecutor) -> Run:
    """Run Python source on one input."""

    async def run_one(source: str, stdin: bytes = b"", **limits: float) -> Completed:
        job = Job(LANGUAGE, source, (CaseInput(stdin=stdin),), Limits(**limits))
        (completed,) = [each async for each in executor.run(job)]
        return completed

    return run_one
