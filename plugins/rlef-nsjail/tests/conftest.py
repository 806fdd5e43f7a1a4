"""An executor with jails, and short ways to run programs on it."""

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from rlef_core import CaseInput, Completed, Job, Limits
from rlef_core.builtin.python import LANGUAGE
from rlef_nsjail.executor import NsjailExecutor
from rlef_nsjail.jail import Jail
from rlef_nsjail.plugin import COMPONENT, NsjailConfig

pytestmark = pytest.mark.repository
Run = Callable[..., Awaitable[Completed]]
Open = Callable[..., Any]


@pytest.fixture
def figures() -> Counter[str]:
    """The executor's metrics, summed."""
    return Counter()


@pytest.fixture
def opened(figures: Counter[str]) -> Open:
    """Build an executor with the settings given; closed at the end of the block."""

    @asynccontextmanager
    async def open_one(workers: int = 1, **settings: Any) -> AsyncIterator[NsjailExecutor]:
        def add(name: str, value: float) -> None:
            figures[name] += value

        context: Any = SimpleNamespace(threads=2, metrics=SimpleNamespace(add=add))
        made: Any = COMPONENT.build(NsjailConfig(workers=workers, **settings), context)
        try:
            yield made
        finally:
            await made.close()

    return open_one


@pytest.fixture
async def executor(opened: Open) -> AsyncIterator[NsjailExecutor]:
    async with opened(workers=2) as made:
        yield made


@pytest.fixture
def run(executor: NsjailExecutor) -> Run:
    """Run Python source on one input."""

    async def run_one(source: str, stdin: bytes = b"", **limits: float) -> Completed:
        return (await run_all(executor, source, [stdin], **limits))[0]

    return run_one


async def run_all(executor: NsjailExecutor, source: str, inputs: list[bytes], **limits: Any) -> list[Completed]:
    job = Job(LANGUAGE, source, tuple(CaseInput(stdin=stdin) for stdin in inputs), Limits(**limits))
    return [each async for each in executor.run(job)]


def jails(executor: NsjailExecutor) -> list[Jail]:
    return list(executor._pool._users)


def descendants(pid: int) -> Iterator[int]:
    """Every process below `pid`."""
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            yield int(child)
            yield from descendants(int(child))
