"""A judge of the built-in languages, with the executor that is always there."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from rlef_core import Case, CheckerRef, Execution, Limits, Program
from rlef_core.builtin import LANGUAGES
from rlef_core.builtin.checkers import Tokens
from rlef_core.builtin.unsafe_subprocess.executor import SubprocessExecutor
from rlef_core.rollout.judge import Judge

Judged = Callable[..., Awaitable[Execution]]


@pytest.fixture
async def judge() -> AsyncIterator[Judge]:
    executor = SubprocessExecutor(2, 61000)
    yield Judge(executor, lambda ref: Tokens(), {language.name: language for language in LANGUAGES})
    await executor.close()


@pytest.fixture
def judged(judge: Judge) -> Judged:
    """Judge a source on cases."""

    async def judge_source(language: str, source: str, *cases: Case, stop: bool = False, limits: Limits = Limits()) -> Execution:
        return await judge.judge(Program(language, source), cases, limits, CheckerRef(), stop_at_first_failure=stop)

    return judge_source
