"""Nothing of one program is left where the next one begins."""

from pathlib import Path

import pytest

from rlef_core import CaseInput, Job, Limits
from rlef_core.builtin.python import LANGUAGE
from rlef_core.settings import ByteSize

from .conftest import Open

pytestmark = pytest.mark.repository

ANSWER = "open('out.txt', 'w').write('the-answer-' * {times})"
SCAN = (Path(__file__).parent / "hostile" / "scan_memory.py").read_text().replace("the-good-[p]rogram-was-here", "the-answer-the-[a]nswer")


@pytest.mark.parametrize("before", [1, 300_000], ids=["small answers", "a big answer before"])
async def test_a_program_does_not_find_the_answer_file_of_another_in_its_memory(opened: Open, before: int) -> None:
    async with opened() as executor:
        for times in (before, 2_000):
            job = Job(LANGUAGE, ANSWER.format(times=times), (CaseInput(output_file="out.txt"),), Limits(output_bytes=ByteSize(100_000)))
            (seen,) = [each async for each in executor.run(job)]
            assert seen.stdout.startswith(b"the-answer-")
        (found,) = [each async for each in executor.run(Job(LANGUAGE, SCAN, (CaseInput(stdin=b"1 2"),), Limits(cpu_seconds=10.0)))]
        assert found.stdout == b"3\n", found.stderr
