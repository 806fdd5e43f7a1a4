"""Nothing that a program made lasts longer than its case."""

import asyncio
import os
import resource
import time
from pathlib import Path

import pytest

from rlef_core import CaseInput, Job, Language, Limits, Tool
from rlef_core.builtin.python import LANGUAGE
from rlef_core.builtin.unsafe_subprocess.executor import SubprocessExecutor

TRUE = Language("true", "nothing", ("{true}",), (Tool("true", ("true",)),))


def lives(pid: int) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


def files_open() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def children_of_this_process() -> set[int]:
    own = os.getpid()
    return {int(word) for task in Path(f"/proc/{own}/task").iterdir() for word in (task / "children").read_text().split()}


DAEMON = """
import os, signal, sys, time
reading, writing = os.pipe()
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for number in range(1, 65):
            try: signal.signal(number, signal.SIG_IGN)
            except (OSError, ValueError): pass
        os.write(writing, str(os.getpid()).encode())
        os.close(writing)
        for descriptor in range(3):
            os.close(descriptor)
        time.sleep(3600)
    os._exit(0)
os.close(writing)
print(os.read(reading, 100).decode(), flush=True)
os.wait()
"""


async def test_a_daemon_in_a_session_of_its_own_ends_with_its_program(run):
    completed = await run(DAEMON)
    assert completed.succeeded
    assert not lives(int(completed.stdout))


async def test_many_sleeping_children_end_with_their_program(run):
    source = """
import os, time
for _ in range(10):
    pid = os.fork()
    if pid == 0:
        os.setsid()
        time.sleep(3600)
    print(pid)
"""
    completed = await run(source)
    assert completed.succeeded
    pids = [int(word) for word in completed.stdout.split()]
    assert len(pids) == 10
    assert not any(map(lives, pids))


async def test_children_end_with_a_program_that_hits_a_limit(run):
    source = """
import os, time
if os.fork() == 0:
    os.setsid()
    print(os.getpid(), flush=True)
    time.sleep(3600)
while True: pass
"""
    completed = await run(source, cpu_seconds=0.5)
    assert not lives(int(completed.stdout))


async def test_processes_that_fork_on_and_on_are_caught(run):
    source = """
import os, time
print(os.getpid(), flush=True)
deadline = time.time() + 60
if os.fork() == 0:
    os.setsid()
    while time.time() < deadline:
        if os.fork():
            os._exit(0)
"""
    completed = await run(source)
    assert completed.exit_code == 0
    assert (await run("print('the next one')")).succeeded


async def test_more_processes_than_allowed_are_refused_or_at_least_ended(run):
    source = """
import os, time
pids = []
try:
    for _ in range(40):
        pids.append(os.fork())
        if pids[-1] == 0:
            time.sleep(3600)
finally:
    print(*pids)
"""
    completed = await run(source, processes=8)
    pids = [int(word) for word in completed.stdout.split()]
    assert len(pids) < 8 or os.geteuid() != 0
    assert not any(map(lives, pids))


LITTER = """
import os
print(os.getcwd(), sorted(os.listdir(".")))
open("state", "w").write("x")
os.symlink("/etc/passwd", "link")
os.mkdir("forbidden"); open("forbidden/file", "w").close(); os.chmod("forbidden", 0)
name = "deep"
for _ in range(1200):
    os.mkdir(name); os.chdir(name); name = "d"
"""


async def test_a_case_finds_nothing_of_the_one_before_and_nothing_is_left(open_folder):
    executor = SubprocessExecutor(1, 61000, open_folder)
    job = Job(LANGUAGE, LITTER, (CaseInput(), CaseInput()))
    first, second = [each async for each in executor.run(job)]
    assert first.exit_code == 0, first.stderr
    assert first.stdout == second.stdout
    assert Path("/etc/passwd").exists()
    (folder,) = open_folder.iterdir()
    assert list(folder.iterdir()) == []
    await executor.close()
    assert list(open_folder.iterdir()) == []


async def test_what_a_program_of_root_puts_into_the_shared_folders_is_gone_with_it(run):
    if os.geteuid() != 0:
        return  # only root has users of their own, whose files can be told apart
    source = """
import os
for folder in ("/tmp", "/var/tmp"):
    for name in ("rlef-core-test-file", "rlef-core-test-folder"):
        assert not os.path.lexists(f"{folder}/{name}")
    open(f"{folder}/rlef-core-test-file", "w").close()
    os.mkdir(f"{folder}/rlef-core-test-folder")
    os.symlink("/etc", f"{folder}/rlef-core-test-folder/link")
"""
    for _ in range(2):
        completed = await run(source)
        assert completed.exit_code == 0, completed.stderr
    assert not Path("/tmp/rlef-core-test-file").exists()
    assert Path("/etc/passwd").exists()


async def test_three_hundred_programs_leave_no_file_open_no_child_and_no_zombie():
    before = children_of_this_process()
    executor = SubprocessExecutor(2, 61000)
    job = Job(TRUE, "", (CaseInput(stdin=b"x"),) * 150)

    async def run_all() -> int:
        return len([each async for each in executor.run(job) if each.succeeded])

    assert await run_all() == 150
    open_before = files_open()
    warden = children_of_this_process() - before
    assert await run_all() == 150
    assert files_open() == open_before
    assert children_of_this_process() - before == warden
    await executor.close()
    assert children_of_this_process() == before


async def test_a_case_costs_little_more_than_its_program():
    # Children of the warden are counted when it ends, so that an executor of its own is closed.
    made = SubprocessExecutor(1, 61000)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    job = Job(TRUE, "", (CaseInput(),) * 100, Limits())
    cpu = sum([each.cpu_seconds async for each in made.run(job)])
    await made.close()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    total = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert (total - cpu) / 100 < 0.02


async def test_an_iterator_that_is_closed_early_stops_the_rest(executor):
    source = "print(1)"
    started = time.monotonic()
    run = executor.run(Job(LANGUAGE, "import time; time.sleep(0.2)", (CaseInput(),) * 100))
    await anext(run)
    await run.aclose()
    (completed,) = [each async for each in executor.run(Job(LANGUAGE, source, (CaseInput(),)))]
    assert completed.succeeded
    assert time.monotonic() - started < 10


async def test_a_cancelled_job_ends_its_program_and_frees_its_worker(open_folder):
    executor = SubprocessExecutor(1, 61000)
    seen = open_folder / "pid"
    seen.touch()
    seen.chmod(0o666)
    source = f"import os, time\nopen({str(seen)!r}, 'w').write(str(os.getpid()))\ntime.sleep(3600)"

    async def run_it():
        async for _ in executor.run(Job(LANGUAGE, source, (CaseInput(),), Limits(output_bytes=100))):
            pass

    task = asyncio.create_task(run_it())
    while not seen.read_text():
        await asyncio.sleep(0.01)
    pid = int(seen.read_text())
    assert lives(pid)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not lives(pid)
    (completed,) = [each async for each in executor.run(Job(LANGUAGE, "print(1)", (CaseInput(),)))]
    assert completed.stdout == b"1\n"
    await executor.close()
