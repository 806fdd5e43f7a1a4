"""Nothing of one program is left where the next one begins."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from rlef_core import CaseInput, ExecutorFault, Job, Limits
from rlef_core.builtin.cpp import LANGUAGE as CPP
from rlef_core.builtin.python import LANGUAGE
from rlef_core.settings import ByteSize
from rlef_nsjail import cgroups
from rlef_nsjail.jail import Jail

from .conftest import Open, jails, run_all

pytestmark = pytest.mark.repository

ANSWER = "open('out.txt', 'w').write('the-answer-' * {times})"
SCAN = (Path(__file__).parent / "hostile" / "scan_memory.py").read_text().replace("the-good-[p]rogram-was-here", "the-answer-the-[a]nswer")
BIG_BYTES = 24 << 20
BIG = f"char block[{BIG_BYTES}] = {{{{1}}}};\nint main() {{{{ return {{number}} + block[0]; }}}}"


@pytest.mark.parametrize("before", [1, 300_000], ids=["small answers", "a big answer before"])
async def test_a_program_does_not_find_the_answer_file_of_another_in_its_memory(opened: Open, before: int) -> None:
    async with opened() as executor:
        for times in (before, 2_000):
            job = Job(LANGUAGE, ANSWER.format(times=times), (CaseInput(output_file="out.txt"),), Limits(output_bytes=ByteSize(100_000)))
            (seen,) = [each async for each in executor.run(job)]
            assert seen.stdout.startswith(b"the-answer-")
        (found,) = [each async for each in executor.run(Job(LANGUAGE, SCAN, (CaseInput(stdin=b"1 2"),), Limits(cpu_seconds=10.0)))]
        assert found.stdout == b"3\n", found.stderr


async def test_what_was_built_is_not_charged_to_the_jail_where_other_programs_run(opened: Open) -> None:
    groups = cgroups.find("auto")
    if not groups.version:
        pytest.skip(f"this machine has no control groups for us: {groups.reason}")
    async with opened() as executor:
        charged = []
        runs = [executor.run(Job(CPP, BIG.format(number=number), (CaseInput(),), Limits())) for number in range(2)]
        for run in runs:
            assert (await anext(run)).succeeded
            charged.append(charge(groups, jails(executor)[0].pid))
        assert charged[1] - charged[0] < BIG_BYTES // 2
        assert [(await anext(run)).exit_code for run in runs] == [1, 2]
        for run in runs:
            await run.aclose()


def charge(groups: cgroups.Cgroups, pid: int) -> int:
    """Bytes of files in memory that are held against a jail."""
    words = (groups.parents[0] / f"NSJAIL.{pid}" / "memory.stat").read_text().split()
    return int(words[words.index("shmem") + 1])


async def test_what_is_left_of_a_lost_jail_writes_nothing_into_the_next_try(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    ask, kept = Jail.ask, list[int]()

    async def lost_at_first(jail: Jail, request: Mapping[str, Any], files: Sequence[int], patience_seconds: float) -> dict[str, Any]:
        if request["source"] != "canary.py" and not kept:
            kept.append(os.dup(files[1]))
            raise ExecutorFault("lost")
        answer = await ask(jail, request, files, patience_seconds)
        for stream in kept:
            os.write(stream, b"too late")
        return answer

    monkeypatch.setattr(Jail, "ask", lost_at_first)
    async with opened() as executor:
        (seen,) = await run_all(executor, "print(1)", [b""])
    os.close(kept.pop())
    assert seen.stdout == b"1\n"
