"""Check that a sandbox that dies is a fault and never looks like a program that failed."""

import asyncio
import os
import signal
from collections.abc import Sequence
from contextlib import suppress

import pytest

from rlef_core import CaseInput, Completed, Executor, ExecutorFault, Job, Language
from rlef_core.testing.executor.probing import LIMITS, Probing, Run
from rlef_core.testing.suite import needs, promise
from rlef_core.testing.surroundings import descendants

SANDBOXES = 6
"""So many in a row are killed under one case before it must be a fault."""
SLEEP_LATER = "import time\nif int(input()): time.sleep(600)\nprint('done')"


class Faults(Probing):
    """What failed is told apart: the program or the sandbox."""

    raises_faults: bool = promise("a sandbox that dies is a raised ExecutorFault, never a program's exit, and is replaced")

    async def kill_sandbox(self, executor: Executor, started: Sequence[int]) -> None:
        """Kill the sandbox under the program that runs. `started` are the processes that the executor started, parents first."""
        if not started:
            raise NotImplementedError(
                f"the executor of {type(self).__name__} has no process here that could be killed: override `kill_sandbox`, "
                "or set raises_faults = False"
            )
        for pid in started:
            with suppress(ProcessLookupError, PermissionError):  # gone with its parent; another user's, inside the sandbox
                os.kill(pid, signal.SIGKILL)

    @needs("raises_faults")
    async def test_a_dead_sandbox_is_a_fault_and_the_next_program_runs(self, executor: Executor, language: Language, run: Run) -> None:
        before = set(descendants())
        job = Job(language, SLEEP_LATER, (CaseInput(stdin=b"0"), CaseInput(stdin=b"1")), LIMITS)
        seen: list[Completed] = []

        async def collect() -> None:
            async for completed in executor.run(job):
                seen.append(completed)  # noqa: PERF401  # what came before the fault is looked at

        task = asyncio.create_task(collect())
        while not seen and not task.done():
            await asyncio.sleep(0.02)
        for _ in range(SANDBOXES):  # an executor may first try again in a fresh one
            await asyncio.sleep(0.5)
            await self.kill_sandbox(executor, [pid for pid in descendants() if pid not in before])
            done, _ = await asyncio.wait([task], timeout=30 / SANDBOXES)
            if done:
                break
        task.cancel()
        assert done, "the executor waits on for a sandbox that is dead, expected it to raise ExecutorFault"
        assert isinstance(task.exception(), ExecutorFault), f"found {task.exception()!r} and {seen[1:]}, expected ExecutorFault"
        assert len(seen) == 1, f"found {seen[1:]} for a case whose sandbox died, expected no record of it"
        await self._recovers(run)

    async def _recovers(self, run: Run) -> None:
        # A few more faults are allowed: whoever meets a part of a dead sandbox next, of which there may be several.
        found: list[str] = []
        for _ in range(SANDBOXES):
            try:
                assert (await run("print('next')")).stdout == b"next\n"
            except ExecutorFault as fault:
                found.append(str(fault))
            else:
                return
        pytest.fail(f"every later program is a fault, expected a new sandbox; the last: {found[-1]}")
