"""Check that an executor tells exactly what became of a program, case by case."""

import asyncio
import time

import pytest
from attrs import evolve

from rlef_core import CaseInput, Executor, ExecutorFault, Job, Language
from rlef_core.testing.executor.probing import LIMITS, Probing, Run, finished
from rlef_core.testing.suite import needs, promise
from rlef_core.testing.surroundings import comes_true, computing

EVERY_BYTE = bytes(range(256)) + b"\r\n\xc3\x28\xed\xa0\x80\xff"
ECHO = "import sys; sys.stdout.buffer.write(sys.stdin.buffer.read())"
COPY = "import shutil, sys; print('building'); shutil.copy(sys.argv[1], sys.argv[2])"
REFUSE = "import sys; print('no', file=sys.stderr); sys.exit(3)"
SOON = 20.0
"""Seconds within which stopping a program counts as at once, also on a busy machine."""


class Answers(Probing):
    """Order, streams, exit codes, files, builds, jobs side by side."""

    builds_programs: bool = promise("a language with a build step is built once, and a failed build is told alone")
    is_deterministic: bool = promise("the same program on the same input writes the same: hash seed, locale, time zone")

    async def test_every_case_is_answered_in_order_with_its_own_input(self, executor: Executor, language: Language, run: Run) -> None:
        words = [b"%d\n" % number for number in range(5)]
        # Later cases are quicker, so that an executor that yields what is ready first is found out.
        source = "import time; n = int(input()); time.sleep((5 - n) / 10); print('case', n)"
        completed = await finished(executor, Job(language, source, tuple(CaseInput(stdin=word) for word in words), LIMITS))
        found = [(each.case, each.stdout) for each in completed]
        assert found == [(n, b"case %d\n" % n) for n in range(5)], f"found {found}, expected the cases in order, each with its own answer"

    async def test_bytes_are_kept_exactly_as_they_are_also_where_they_are_no_text(self, run: Run) -> None:
        completed = await run(ECHO, EVERY_BYTE)
        assert completed.stdout == EVERY_BYTE, f"found {completed.stdout!r}, expected {EVERY_BYTE!r}"

    async def test_output_and_errors_are_kept_apart(self, run: Run) -> None:
        completed = await run("import os; os.write(2, b'to \\xff err'); os.write(1, b'to out')")
        assert (completed.stdout, completed.stderr) == (b"to out", b"to \xff err")

    async def test_an_empty_input_is_at_its_end_and_blocks_nobody(self, run: Run) -> None:
        assert (await run("import sys; print(repr(sys.stdin.read()))")).stdout == b"''\n"

    @pytest.mark.parametrize("code", [0, 1, 77, 137, 255])
    async def test_an_exit_code_is_told_beside_what_was_written(self, run: Run, code: int) -> None:
        completed = await run(f"import sys; print('before'); sys.exit({code})")
        found = (completed.exit_code, completed.signal, completed.stdout, completed.limit)
        assert found == (code, None, b"before\n", None), f"found {found}, expected exit code {code} and no limit"

    @pytest.mark.parametrize("number", [6, 9, 11])
    async def test_a_signal_is_told_and_is_no_exit_code(self, run: Run, number: int) -> None:
        completed = await run(f"import os; os.kill(os.getpid(), {number})")
        found = (completed.exit_code, completed.signal)
        assert found == (None, number), f"found exit code and signal {found}, expected signal {number}"

    async def test_a_program_that_is_no_program_fails_and_is_no_fault(self, run: Run) -> None:
        completed = await run("this is no program")
        assert completed.exit_code not in (0, None)
        assert completed.stderr, "found nothing on standard error, expected the interpreter's complaint"

    async def test_files_lie_in_the_working_folder_and_the_output_file_is_read_back(self, run: Run) -> None:
        source = "open('out.bin', 'wb').write(open('in.bin', 'rb').read()[::-1]); print('not this')"
        completed = await run(source, files={"in.bin": EVERY_BYTE}, output_file="out.bin")
        assert completed.stdout == EVERY_BYTE[::-1], f"found {completed.stdout!r}, expected the content of the output file"

    async def test_an_output_file_that_was_never_written_is_an_empty_output(self, run: Run) -> None:
        completed = await run("print('not this')", output_file="out.txt")
        assert (completed.stdout, completed.exit_code) == (b"", 0)

    @needs("builds_programs")
    async def test_the_build_comes_first_and_once(self, executor: Executor, language: Language, run: Run) -> None:
        job = Job(built(language, COPY), "print(input())", (CaseInput(stdin=b"a"), CaseInput(stdin=b"b")), LIMITS)
        found = [(each.case, each.stdout) for each in await finished(executor, job)]
        assert found == [(None, b"building\n"), (0, b"a\n"), (1, b"b\n")], f"found {found}, expected the build and then both cases"

    @needs("builds_programs")
    async def test_a_build_that_fails_is_all_that_is_told(self, executor: Executor, language: Language, run: Run) -> None:
        job = Job(built(language, REFUSE), "print(1)", (CaseInput(), CaseInput()), LIMITS)
        found = [(each.case, each.exit_code, each.stderr) for each in await finished(executor, job)]
        assert found == [(None, 3, b"no\n")], f"found {found}, expected only the build with its exit code and message"

    @needs("is_deterministic")
    async def test_the_same_program_writes_the_same_every_time(self, run: Run) -> None:
        source = "import sys, time; print(hash('a'), list(map(str, {'b', 'c', 'd', 'e'})), time.tzname, sys.getfilesystemencoding())"
        outputs = {(await run(source)).stdout for _ in range(4)}
        assert len(outputs) == 1, f"found {len(outputs)} different outputs of one program: {outputs}"

    async def test_jobs_side_by_side_get_their_own_answers(self, executor: Executor, language: Language, run: Run) -> None:
        async def answer(number: int) -> list[bytes]:
            job = Job(language, f"print({number}, input())", (CaseInput(stdin=b"a"), CaseInput(stdin=b"b")), LIMITS)
            return [each.stdout for each in await finished(executor, job)]

        found = await asyncio.gather(*map(answer, range(6)))
        assert found == [[b"%d a\n" % n, b"%d b\n" % n] for n in range(6)], f"found {found}, expected each job's own answers"

    async def test_closing_the_iterator_early_stops_the_program(self, executor: Executor, language: Language, run: Run) -> None:
        job = Job(language, "if int(input()):\n    while True: pass", (CaseInput(stdin=b"0"), CaseInput(stdin=b"1")), LIMITS)
        started = time.monotonic()
        await first_of(executor, job)
        assert time.monotonic() - started < SOON, f"closing took {time.monotonic() - started:.1f} s, expected the program to be stopped"
        idle = await comes_true(lambda: not computing(), seconds=3)
        assert idle, f"processes {computing()} of the executor compute on after closing, expected the program to be gone"
        assert (await run("print('next')")).stdout == b"next\n"

    async def test_closing_twice_harms_nothing_and_nothing_runs_afterwards(self, executor: Executor, language: Language, run: Run) -> None:
        await run("pass")
        await executor.close()
        await executor.close()
        with pytest.raises(ExecutorFault):
            await finished(executor, Job(language, "pass", (CaseInput(),), LIMITS))


async def first_of(executor: Executor, job: Job) -> None:
    """Take the first record of a job, let its next case begin, and close the iterator."""
    iterator = executor.run(job)
    await anext(iterator)
    waiting = asyncio.ensure_future(anext(iterator))
    await asyncio.sleep(0.5)
    waiting.cancel()
    await asyncio.wait([waiting])
    if close := getattr(iterator, "aclose", None):
        await close()


def built(language: Language, code: str) -> Language:
    """A language whose build step runs `code` on the source's path and the binary's, and whose programs run from the binary."""
    tool = f"{{{language.tools[0].name}}}"
    build = (tool, "-s", "-S", "-B", "-c", code, "{source}", "{binary}")
    return evolve(
        language, name=f"{language.name}-built", build=build, run=(tool, "-s", "-S", "-B", "{binary}"), drivers={}, runtime="exec"
    )
