"""Check that nothing a program did, or the executor did for it, is there afterwards."""

import asyncio
import os
import secrets
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from rlef_core import CaseInput, Executor, Job, Language
from rlef_core.testing.executor.probing import LIMITS, Probing, Run, finished
from rlef_core.testing.suite import needs, promise
from rlef_core.testing.surroundings import comes_true, descendants, descriptors, entries, memory_bytes, processes_named

PLACES = ("/tmp", "/var/tmp", "/dev/shm")  # where programs may write on an ordinary machine
LEAVE = """
import os
for folder in {folders}:
    try:
        open(os.path.join(folder, {name!r}), "w").close()
    except OSError: pass
"""
FIND = """
import os
print([folder for folder in {folders} if os.path.exists(os.path.join(folder, {name!r}))])
"""
OWN_FOLDERS = "('.', os.environ.get('HOME', '.'), os.environ.get('TMPDIR', '.'))"
REMEMBER = """
import builtins, json, os, sys
print(hasattr(builtins, "left"), hasattr(json, "left"), "left" in sys.modules, "LEFT" in os.environ, sys.getrecursionlimit() == 4321)
builtins.left = json.left = sys.modules["left"] = 1
os.environ["LEFT"] = "1"
sys.setrecursionlimit(4321)
"""
CHILD = """
import os, sys, time
token = {first!r} + {second!r}
try:
    pid = os.fork()
except OSError:
    print("refused"); raise SystemExit
if pid == 0:
    os.setsid()
    if os.fork():
        os._exit(0)
    for stream in range(3):
        os.close(stream)
    try:
        os.execv(sys.executable, [sys.executable, "-S", "-c", "import time; time.sleep(600)", token])
    except OSError:
        pass
    try:
        open("/proc/self/comm", "w").write(token[:15])
    except OSError:
        pass
    time.sleep(600)
os.waitpid(pid, 0)
time.sleep(0.5)
print("left")
"""


class Leftovers(Probing):
    """State, files, processes, descriptors and memory."""

    separates_programs: bool = promise("what a program wrote, wherever it may write, is not there for the next")
    ends_children: bool = promise("a process that a program left behind ends with it")

    @pytest.fixture
    def token(self) -> str:
        """A short word that nothing else on this machine holds."""
        return f"left{secrets.token_hex(4)}"

    @pytest.fixture
    def left_name(self, token: str) -> Iterator[str]:
        """A file's name; what a program really left on the host under it is removed."""
        yield token
        for place in PLACES:
            Path(place, token).unlink(missing_ok=True)

    async def test_a_file_in_its_own_folders_is_gone_for_the_next_case_and_program(
        self, executor: Executor, language: Language, run: Run, left_name: str
    ) -> None:
        source = FIND.format(folders=OWN_FOLDERS, name=left_name) + LEAVE.format(folders=OWN_FOLDERS, name=left_name)
        job = Job(language, source, (CaseInput(), CaseInput()), LIMITS)
        found = [each.stdout for _ in range(3) for each in await finished(executor, job)]
        assert set(found) == {b"[]\n"}, f"a program found what another left in {found}, expected nothing"

    @needs("separates_programs")
    async def test_a_file_anywhere_is_gone_for_the_next_program(self, run: Run, left_name: str) -> None:
        await run(LEAVE.format(folders=PLACES, name=left_name))
        found = {(await run(FIND.format(folders=PLACES, name=left_name))).stdout for _ in range(3)}
        assert found == {b"[]\n"}, f"a program found what another left in {found}, expected nothing"

    async def test_the_interpreter_forgets_one_case_before_the_next(self, executor: Executor, language: Language, run: Run) -> None:
        job = Job(language, REMEMBER, (CaseInput(), CaseInput()), LIMITS)
        found = {each.stdout for _ in range(2) for each in await finished(executor, job)}
        assert found == {b"False False False False False\n"}, f"found {found}, expected no trace of an earlier case"

    @needs("ends_children")
    async def test_a_process_left_behind_ends_with_its_program(self, run: Run, token: str) -> None:
        completed = await run(CHILD.format(first=token[:5], second=token[5:]), processes=8, cpu_seconds=5, wall_seconds=60)
        assert completed.stdout in (b"left\n", b"refused\n") or not completed.succeeded, f"the probe did not work: {completed}"
        await comes_true(lambda: not processes_named(token), seconds=3)
        left = processes_named(token)
        for pid in left:
            with suppress(OSError):  # it ended meanwhile, or is another user's
                os.kill(pid, signal.SIGKILL)
        assert not left, f"process {left} outlives the program that started it"

    async def test_closing_leaves_no_process_descriptor_or_file(
        self, executor: Executor, language: Language, run: Run, temporary_folder: str
    ) -> None:
        processes, open_before, files = set(descendants()), descriptors(), entries(temporary_folder)
        await asyncio.gather(*(run(f"print({number})", files={"a": b"a"}) for number in range(4)))
        await executor.close()
        await comes_true(lambda: not set(descendants()) - processes, seconds=5)
        left = set(descendants()) - processes
        assert not left, f"processes {sorted(left)} are left after close, expected none"
        more = {number: name for number, name in descriptors().items() if open_before.get(number) != name}
        assert len(descriptors()) <= len(open_before), f"descriptors {more} are left after close, expected none"
        remain = sorted(entries(temporary_folder) - files)
        assert not remain, f"files {remain} are left in the temporary folder after close, expected none"

    async def test_many_programs_take_no_more_than_few(self, run: Run, temporary_folder: str) -> None:
        for _ in range(6):
            await run("print('x' * 900_000)")
        before = (len(descendants()), len(descriptors()), len(entries(temporary_folder)), memory_bytes())
        for _ in range(30):
            await run("print('x' * 900_000)")
        after = (len(descendants()), len(descriptors()), len(entries(temporary_folder)), memory_bytes())
        grown = [now - then for now, then in zip(after, before, strict=True)]
        assert grown[0] <= 1, f"{grown[0]} more processes after 30 programs, expected none"
        assert grown[1] <= 1, f"{grown[1]} more descriptors after 30 programs, expected none"
        assert grown[2] <= 1, f"{grown[2]} more files after 30 programs, expected none"
        assert grown[3] < 15_000_000, f"{grown[3]} more bytes of memory after 30 programs, expected none"
