"""What a program finds around itself."""

import asyncio
import json
import os

import attrs

from rlef_core import CaseInput, Job, Limits
from rlef_core.builtin.python import LANGUAGE
from rlef_core.builtin.unsafe_subprocess import COMPONENT, NOT_ISOLATED
from rlef_core.builtin.unsafe_subprocess.executor import SubprocessExecutor

LOOK_AROUND = """
import json, os, resource
status = dict(line.split(":\\t", 1) for line in open("/proc/self/status").read().splitlines() if ":\\t" in line)
print(json.dumps({
    "ids": [os.getresuid(), os.getresgid(), os.getgroups()],
    "environment": dict(os.environ),
    "files": sorted(os.listdir(".")),
    "open": sorted(os.listdir("/proc/self/fd")),
    "session": os.getsid(0) == os.getpid(),
    "nice": os.nice(0),
    "capabilities": status["CapEff"].strip(),
    "no_new_privileges": status["NoNewPrivs"].strip(),
    "core": resource.getrlimit(resource.RLIMIT_CORE),
    "files_limit": resource.getrlimit(resource.RLIMIT_NOFILE)[1],
}))
"""


async def test_a_program_has_nothing_but_its_source_its_streams_and_a_fixed_environment(run, monkeypatch):
    monkeypatch.setenv("A_SECRET", "of the trainer")
    seen = json.loads((await run(LOOK_AROUND)).stdout)
    home = seen["environment"].pop("HOME")
    assert seen["environment"].pop("TMPDIR") == home
    assert seen["environment"] == {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
        "OMP_NUM_THREADS": "1",
        "PYTHONHASHSEED": "0",
        "PYTHONSAFEPATH": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    assert seen["files"] == ["driver.py", "solution.py"]
    assert seen["open"] == ["0", "1", "2", "3"]  # the fourth is the listing itself
    assert seen["session"]
    assert seen["nice"] >= 10
    assert seen["no_new_privileges"] == "1"
    assert seen["core"] == [0, 0]
    assert seen["files_limit"] == 64


async def test_root_runs_programs_as_an_unprivileged_user_and_a_user_as_himself(run):
    seen = json.loads((await run(LOOK_AROUND)).stdout)
    users, groups, others = seen["ids"]
    if os.geteuid() == 0:
        assert set(users) == set(groups)
        assert users[0] >= 61000
        assert others == []
        assert int(seen["capabilities"], 16) == 0
    else:
        assert set(users) == {os.geteuid()}


async def test_no_two_workers_of_root_share_a_user_not_even_of_two_executors(run, executor):
    other = SubprocessExecutor(3, 61000)
    source = "import os, time; print(os.getuid()); time.sleep(0.3)"

    async def user(on):
        (completed,) = [each async for each in on.run(Job(LANGUAGE, source, (CaseInput(),)))]
        return completed.stdout

    try:
        users = await asyncio.gather(*(user(executor) for _ in range(2)), *(user(other) for _ in range(3)))
    finally:
        await other.close()
    assert len(set(users)) == (5 if os.geteuid() == 0 else 1)


async def test_a_set_of_words_has_the_same_order_every_time(run):
    orders = {(await run("print({'a', 'b', 'c', 'd', 'e', 'f'})")).stdout for _ in range(3)}
    assert len(orders) == 1


async def test_the_files_of_a_case_lie_in_the_working_folder_and_one_is_read_back(executor):
    source = "open('out.txt', 'w').write(open('in.txt').read() * 2); print('not this')"
    case = CaseInput(files={"in.txt": b"ab"}, output_file="out.txt")
    (completed,) = [each async for each in executor.run(Job(LANGUAGE, source, (case,)))]
    assert completed.stdout == b"abab"


async def test_an_output_file_that_is_a_link_or_no_file_or_missing_is_an_empty_output(executor):
    for source in ("import os; os.symlink('/etc/passwd', 'out')", "import os; os.mkdir('out')", "import os; os.mkfifo('out')", "pass"):
        (completed,) = [each async for each in executor.run(Job(LANGUAGE, source, (CaseInput(output_file="out"),)))]
        assert (completed.stdout, completed.exit_code) == (b"", 0), source


async def test_an_output_file_is_bounded_like_an_output(executor):
    job = Job(LANGUAGE, "open('out', 'w').write('x' * 20_000)", (CaseInput(output_file="out"),), Limits(output_bytes=10_000))
    (completed,) = [each async for each in executor.run(job)]
    assert len(completed.stdout) <= 10_000
    assert not completed.succeeded


def test_the_offer_claims_no_isolation_and_warns():
    offer = COMPONENT.offers(COMPONENT.config())
    assert offer.isolation == ()
    assert offer.warnings == (NOT_ISOLATED,)
    assert offer.unavailable is None


def test_every_setting_has_a_help_text():
    assert all(field.metadata["help"] for field in attrs.fields(COMPONENT.config))
