"""What becomes of a job, and of the machine, when a part of the sandbox or its owner dies."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import attrs
import pytest

from rlef_core import ExecutorFault, Job, PluginError, Tool
from rlef_core.builtin.python import LANGUAGE
from rlef_nsjail import cgroups

from .conftest import descendants, jails, run_all

pytestmark = pytest.mark.repository

SLEEP_ONCE = "import time, os\ntime.sleep(1.0)\nprint('slept')"
OWNER = """
import asyncio, signal
from types import SimpleNamespace
from rlef_core import CaseInput, Job, Limits
from rlef_core.builtin.python import LANGUAGE
from rlef_nsjail.plugin import COMPONENT, NsjailConfig

async def main():
    executor = COMPONENT.build(NsjailConfig(workers=2), SimpleNamespace(threads=2, metrics=SimpleNamespace(add=lambda *_: None)))
    async def one(source):
        async for completed in executor.run(Job(LANGUAGE, source, (CaseInput(),), Limits(wall_seconds=600.0))):
            print(completed.stdout.decode(), flush=True)
    await one("print('ready')")
    await asyncio.gather(one("import time; time.sleep(600)"), one("while True: pass"))

signal.signal(signal.SIGINT, signal.default_int_handler)  # who started the tests may have it ignored
asyncio.run(main())
"""


async def the_jail_that_runs(executor):
    """The jail of the program that was just started."""
    async with asyncio.timeout(60):
        while not any(jail.asked >= 2 for jail in jails(executor)):  # the canary was the first
            await asyncio.sleep(0.02)
    await asyncio.sleep(0.3)
    return next(jail for jail in jails(executor) if jail.asked >= 2)


@pytest.mark.parametrize("victim", ["supervisor", "harness"])
async def test_a_jail_that_is_killed_under_a_program_is_replaced_and_the_verdict_is_right(opened, figures, victim: str) -> None:
    async with opened() as executor:
        task = asyncio.create_task(run_all(executor, SLEEP_ONCE, [b""]))
        jail = await the_jail_that_runs(executor)
        os.kill(jail.process.pid if victim == "supervisor" else jail.pid, signal.SIGKILL)
        (seen,) = await task
        assert (seen.stdout, seen.exit_code) == (b"slept\n", 0)
        assert figures["executor/jails_lost"] == 1
        assert figures["executor/jails_started"] == 2


async def test_a_jail_that_dies_again_and_again_is_a_fault_and_the_next_program_runs(opened) -> None:
    async with opened(retries=0) as executor:
        task = asyncio.create_task(run_all(executor, SLEEP_ONCE, [b""]))
        os.kill((await the_jail_that_runs(executor)).pid, signal.SIGKILL)
        with pytest.raises(ExecutorFault, match="a jail ended while it ran a program"):
            await task
        assert (await run_all(executor, "print(1)", [b""]))[0].stdout == b"1\n"


async def test_a_harness_that_is_stopped_is_a_fault_after_the_patience_is_over(opened, monkeypatch) -> None:
    monkeypatch.setattr("rlef_nsjail.executor.PATIENCE_SECONDS", 0.5)
    async with opened(retries=0) as executor:
        task = asyncio.create_task(run_all(executor, SLEEP_ONCE, [b""], wall_seconds=1.5, cpu_seconds=0.1))
        os.kill((await the_jail_that_runs(executor)).pid, signal.SIGSTOP)
        with pytest.raises(ExecutorFault, match="did not answer within"):
            await task
        assert (await run_all(executor, "print(1)", [b""]))[0].stdout == b"1\n"


async def test_a_jail_that_died_while_nobody_asked_is_replaced(opened, figures) -> None:
    async with opened(retries=0) as executor:
        await run_all(executor, "print(1)", [b""])
        (jail,) = jails(executor)
        os.kill(jail.pid, signal.SIGKILL)
        jail.process.wait()
        assert (await run_all(executor, "print(2)", [b""]))[0].stdout == b"2\n"
        assert figures["executor/jails_lost"] == 1


async def test_leaving_a_job_early_ends_its_program(opened) -> None:
    async with opened() as executor:
        task = asyncio.create_task(run_all(executor, "while True: pass", [b""], cpu_seconds=60.0))
        jail = await the_jail_that_runs(executor)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not jails(executor)
        assert jail.process.returncode is not None


async def test_closing_ends_programs_that_run_and_they_are_faults(opened) -> None:
    async with opened(retries=1) as executor:
        task = asyncio.create_task(run_all(executor, "while True: pass", [b""], cpu_seconds=60.0))
        await the_jail_that_runs(executor)
        await executor.close()
        with pytest.raises(ExecutorFault):
            await task
        with pytest.raises(ExecutorFault, match="closed"):
            await run_all(executor, "print(1)", [b""])


async def test_nothing_is_left_after_closing(opened) -> None:
    before = set(descendants(os.getpid()))
    descriptors = open_files()
    async with opened(workers=2) as executor:
        await asyncio.gather(*(run_all(executor, "print(1)", [b""] * 3) for _ in range(4)))
        pids = [jail.pid for jail in jails(executor)]
        assert len(pids) == 2
    assert set(descendants(os.getpid())) == before
    assert open_files() == descriptors
    assert [path for pid in pids for path in control_groups(pid)] == []


@pytest.mark.parametrize("blow", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_an_owner_that_is_killed_leaves_no_process_and_no_control_group(blow: int) -> None:
    owner = subprocess.Popen([sys.executable, "-c", OWNER], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert owner.stdout is not None
    assert owner.stdout.readline() == b"ready\n"
    time.sleep(1.0)
    below = list(descendants(owner.pid))
    assert len(below) >= 6, "two jails, each with nsjail, harness and program"
    os.kill(owner.pid, blow)
    owner.wait(60)
    owner.stdout.close()
    wait_until(lambda: not any(map(runs, below)))
    wait_until(lambda: not any(control_groups(pid) for pid in below))


async def test_a_killed_supervisor_leaves_no_control_group(opened) -> None:
    async with opened() as executor:
        await run_all(executor, "print(1)", [b""])
        (jail,) = jails(executor)
        pid = jail.pid
        jail.process.kill()
        await run_all(executor, "print(1)", [b""])
        assert control_groups(pid) == []


async def test_what_a_dead_run_left_of_control_groups_is_removed(opened) -> None:
    groups = cgroups.find("auto")
    if not groups.version:
        pytest.skip(f"this machine has no control groups for us: {groups.reason}")
    ended = subprocess.Popen(["true"])
    ended.wait()
    left = [parent / f"NSJAIL.{ended.pid}" for parent in groups.parents]
    for path in left:
        path.mkdir()
    async with opened():
        assert not any(path.exists() for path in left)


async def test_a_jail_that_cannot_be_started_is_a_fault_in_its_own_words(opened, tmp_path) -> None:
    binary = tmp_path / "nsjail"
    binary.write_text('#!/bin/sh\ncase "$*" in *--config*) echo "no room today" >&2; exit 3;; esac\n')
    binary.chmod(0o755)
    async with opened(binary=binary) as executor:
        with pytest.raises(ExecutorFault, match=r"a jail did not start .*no room today"):
            await run_all(executor, "print(1)", [b""])
        assert not jails(executor)


async def test_the_first_use_of_a_language_without_its_tool_names_the_package(executor) -> None:
    absent = attrs.evolve(LANGUAGE, name="absent", tools=(Tool("absent", ("absent-tool",), debian_package="absent-package"),))
    with pytest.raises(PluginError, match="absent-package"):
        [each async for each in executor.run(Job(absent, "", ()))]


def runs(pid: int) -> bool:
    """It is there, and not only waited for."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def open_files() -> set[str]:
    return {path.name for path in Path("/proc/self/fd").iterdir()}


def control_groups(pid: int) -> list[Path]:
    return [path for parent in cgroups.find("auto").parents if (path := parent / f"NSJAIL.{pid}").exists()]


def wait_until(holds: Callable[[], bool], seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while not holds() and time.monotonic() < end:
        time.sleep(0.05)
    assert holds()
