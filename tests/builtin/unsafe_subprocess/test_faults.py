"""What fails in the sandbox is a fault, never a program's; and everything is cleared up whoever dies."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rlef_core import CaseInput, CaseKind, ExecutorFault, Job, Language, Limits, PluginError, Tool
from rlef_core.builtin.python import LANGUAGE
from rlef_core.builtin.unsafe_subprocess.executor import SubprocessExecutor

SLEEP = Job(LANGUAGE, "import time; time.sleep(3600)", (CaseInput(),))
ONE = Job(LANGUAGE, "print(1)", (CaseInput(),))


async def outputs(executor, job):
    return [each.stdout async for each in executor.run(job)]


def children(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def lives(pid: int) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


async def until(condition) -> None:
    for _ in range(1000):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"never came true: {condition}")


async def sleeping(executor: SubprocessExecutor) -> tuple[asyncio.Task, int, int]:
    """A task whose program sleeps, the supervisor's pid, and the program's."""
    await outputs(executor, ONE)
    warden = executor._workers.process.pid
    task = asyncio.create_task(outputs(executor, SLEEP))
    await until(lambda: any(children(supervisor) for supervisor in children(warden)))
    supervisor = next(pid for pid in children(warden) if children(pid))
    return task, supervisor, children(supervisor)[0]


async def test_a_supervisor_that_dies_is_a_fault_and_is_replaced(executor):
    task, supervisor, program = await sleeping(executor)
    os.kill(supervisor, signal.SIGKILL)
    with pytest.raises(ExecutorFault, match="died"):
        await task
    await until(lambda: not lives(program))
    assert [await outputs(executor, ONE) for _ in range(4)] == [[b"1\n"]] * 4


async def test_an_idle_supervisor_that_dies_is_replaced_without_a_fault_for_anybody_or_with_one_at_most(executor):
    await outputs(executor, ONE)
    for pid in children(executor._workers.process.pid):
        os.kill(pid, signal.SIGKILL)
    results = await asyncio.gather(*(outputs(executor, ONE) for _ in range(4)), return_exceptions=True)
    assert all(result == [b"1\n"] or isinstance(result, ExecutorFault) for result in results)
    assert [await outputs(executor, ONE) for _ in range(4)] == [[b"1\n"]] * 4


async def test_a_warden_that_dies_is_a_fault_and_everything_is_replaced(executor):
    task, supervisor, program = await sleeping(executor)
    warden = executor._workers.process.pid
    folder = executor._workers.directory
    os.kill(warden, signal.SIGKILL)
    with pytest.raises(ExecutorFault):
        await task
    await until(lambda: not lives(program) and not lives(supervisor))
    assert await outputs(executor, ONE) == [b"1\n"]
    await executor.close()
    assert not Path(folder).exists()


async def test_closing_while_a_program_runs_ends_it_and_is_a_fault(executor):
    task, _, program = await sleeping(executor)
    folder = Path(executor._workers.directory)
    await executor.close()
    with pytest.raises(ExecutorFault):
        await task
    assert not lives(program)
    assert not folder.exists()
    with pytest.raises(ExecutorFault, match="closed"):
        await outputs(executor, ONE)


OWNER = """
import asyncio, sys
from rlef_core import CaseInput, Job
from rlef_core.builtin.python import LANGUAGE
from rlef_core.builtin.unsafe_subprocess.executor import SubprocessExecutor

async def main():
    executor = SubprocessExecutor(2, 61000)
    source = "import os, time\\nif os.fork() == 0: os.setsid()\\ntime.sleep(3600)"
    async def run():
        async for _ in executor.run(Job(LANGUAGE, source, (CaseInput(),))): pass
    async for _ in executor.run(Job(LANGUAGE, "pass", (CaseInput(),))): pass
    print(executor._workers.process.pid, executor._workers.directory, flush=True)
    await asyncio.gather(run(), run())

asyncio.run(main())
"""


async def test_nothing_is_left_when_the_owner_is_killed():
    owner = subprocess.Popen([sys.executable, "-c", OWNER], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    warden_text, folder = owner.stdout.readline().split()
    warden = int(warden_text)
    await until(lambda: sum(len(children(pid)) for pid in children(warden)) >= 2)
    time.sleep(0.3)
    supervisors = children(warden)
    programs = [pid for supervisor in supervisors for pid in children(supervisor)]
    offspring = [pid for program in programs for pid in children(program)]
    assert len(supervisors) == len(programs) == 2
    owner.kill()
    owner.wait()
    await until(lambda: not any(map(lives, [warden, *supervisors, *programs, *offspring])))
    assert not Path(folder).exists()


async def test_a_tool_that_nobody_can_run_is_an_error_that_says_what_to_install(executor):
    lost = Language("lost", "a", ("{lost}",), (Tool("lost", ("lost-tool", "/no/such/tool"), debian_package="lost-package"),))
    with pytest.raises(PluginError, match="install Debian's lost-package"):
        await outputs(executor, Job(lost, "", (CaseInput(),)))


async def test_a_tool_that_does_not_work_is_passed_over(executor):
    tool = Tool("python", ("false", "python3"), ("--version",))
    job = Job(Language("late", "a.py", ("{python}", "-S", "{source}"), (tool,)), "print(2)", (CaseInput(),))
    assert await outputs(executor, job) == [b"2\n"]


async def test_a_folder_that_the_programs_user_cannot_reach_is_a_fault_that_says_so(open_folder):
    (open_folder / "closed").mkdir(mode=0o700)
    executor = SubprocessExecutor(1, 61000, open_folder / "closed")
    try:
        if os.geteuid() == 0:
            with pytest.raises(ExecutorFault, match="set the executor's `directory`"):
                await outputs(executor, ONE)
        else:
            assert await outputs(executor, ONE) == [b"1\n"]
    finally:
        await executor.close()


async def test_a_file_name_with_folders_is_refused(executor):
    with pytest.raises(ValueError, match="plain file name"):
        await outputs(executor, Job(LANGUAGE, "", (CaseInput(files={"../up": b""}),)))


async def test_a_kind_of_case_without_a_driver_is_refused(executor):
    bare = Language("bare", "a", ("{true}",), (Tool("true", ("true",)),))
    with pytest.raises(PluginError, match=r"'bare' has no driver for 'call' cases .* turn them into stdio or file cases"):
        await outputs(executor, Job(bare, "", (CaseInput(CaseKind.CALL),)))


SHELL = Tool("sh", ("sh",), ("-c", "true"))


def compiled(build: str) -> Language:
    return Language("compiled", "main.sh", ("{binary}",), (SHELL,), build=("{sh}", "-c", build))


async def test_a_language_that_is_built_is_built_once_and_its_program_run_on_each_case(executor):
    language = compiled("echo building; cp {source} {binary}; chmod +x {binary}")
    source = "#!/bin/sh\nread word; echo got $word; rm -f program main.sh"
    job = Job(language, source, tuple(CaseInput(stdin=b"%d\n" % number) for number in range(3)))
    seen = [(each.case, each.stdout) async for each in executor.run(job)]
    assert seen == [(None, b"building\n"), (0, b"got 0\n"), (1, b"got 1\n"), (2, b"got 2\n")]


async def test_a_build_that_fails_is_told_and_no_case_is_run(executor):
    job = Job(compiled("echo wrong >&2; exit 3"), "", (CaseInput(),) * 2)
    (completed,) = [each async for each in executor.run(job)]
    assert (completed.case, completed.exit_code, completed.stderr) == (None, 3, b"wrong\n")


async def test_a_build_may_write_more_than_a_program(executor):
    language = compiled("head -c 3000000 /dev/zero > big; cp {source} {binary}; chmod +x {binary}")
    job = Job(language, "#!/bin/sh\nwc -c < big", (CaseInput(),), Limits(output_bytes=1000))
    assert [each.stdout async for each in executor.run(job)][1].strip() == b"3000000"
