"""What is read of a machine, on trees of files such as kernels show."""

import resource
from collections.abc import Mapping
from pathlib import Path

import pytest

from rlef_core.builtin.machine import findings
from rlef_core.builtin.machine.memory import memory
from rlef_core.builtin.machine.processors import openmp, processors
from rlef_core.builtin.machine.storage import open_files, room, shared_memory

GIB = 1 << 30
CPU = "sys/devices/system/cpu/cpu{}/topology/thread_siblings_list"
TWO_THREADS_A_CORE = {CPU.format(n): f"{n % 2},{n % 2 + 2}\n" for n in range(4)}
MEMINFO = {
    "proc/meminfo": "MemTotal:       16777216 kB\nMemFree:         1048576 kB\nMemAvailable:    8388608 kB\nHugePages_Total:       0\n"
}
OWN_V1 = {"proc/self/cgroup": "9:name=systemd:/\n4:memory:/box/inner\n1:cpu,cpuacct:/box\n0::/\n"}
OWN_V2 = {"proc/self/cgroup": "0::/box/inner\n"}


@pytest.fixture
def tree(tmp_path: Path):
    """`tree({path: text}, ...)` writes files below a root."""

    def write(*parts: Mapping[str, str]) -> Path:
        for path, text in (item for part in parts for item in part.items()):
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_text(text)
        return tmp_path

    return write


def test_threads_of_one_core_are_told_apart_from_cores(tree):
    finding = processors(tree(TWO_THREADS_A_CORE), range(4))
    assert (finding.state, finding.found) == ("works", "4 usable, on 2 cores")


def test_without_topology_each_processor_counts_as_a_core(tree):
    assert processors(tree(), [5]).found == "1 usable, on 1 core"


@pytest.mark.parametrize(
    "quota",
    [
        {**OWN_V2, "sys/fs/cgroup/box/cpu.max": "150000 100000\n", "sys/fs/cgroup/box/inner/cpu.max": "max 100000\n"},
        {
            **OWN_V1,
            "sys/fs/cgroup/cpu,cpuacct/box/cpu.cfs_quota_us": "150000\n",
            "sys/fs/cgroup/cpu,cpuacct/box/cpu.cfs_period_us": "100000\n",
            "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "-1\n",
            "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000\n",
        },
    ],
    ids=["version 2", "version 1"],
)
def test_a_quota_of_any_group_above_is_a_note_with_the_threads_to_set(tree, quota):
    finding = processors(tree(TWO_THREADS_A_CORE, quota), range(4))
    assert (finding.state, finding.found) == ("note", "4 usable, on 2 cores, but a control group gives the time of 1.5")
    assert "threads: {policy: 1, optimizer: 1, executor: 1}" in finding.advice


def test_a_quota_of_more_than_the_processors_is_none(tree):
    assert processors(tree({**OWN_V2, "sys/fs/cgroup/box/cpu.max": "400000 100000"}), range(4)).works


@pytest.mark.parametrize(
    ("environment", "load", "advice"),
    [
        ({}, 0.5, ""),
        ({"OMP_NUM_THREADS": "4"}, 4.0, ""),
        ({"OMP_NUM_THREADS": "4,2"}, 0.5, ""),
        ({"OMP_NUM_THREADS": "5"}, 0.5, "at least 1 and at most 4"),
        ({"OMP_NUM_THREADS": "0"}, 0.5, "at least 1 and at most 4"),
        ({"OMP_NUM_THREADS": "all"}, 0.5, "at least 1 and at most 4"),
        ({}, 6.0, "OMP_WAIT_POLICY=PASSIVE"),
        ({"OMP_WAIT_POLICY": "active"}, 6.0, "OMP_WAIT_POLICY=PASSIVE"),
        ({"OMP_WAIT_POLICY": "passive"}, 6.0, ""),
    ],
)
def test_openmp_is_a_note_where_threads_do_not_fit_or_would_spin_beside_others(environment, load, advice):
    finding = openmp(environment, 4, load)
    assert finding.works == (not advice)
    assert advice in finding.advice
    assert finding.state in ("works", "note")


def test_available_memory_is_told_of_the_total(tree):
    finding = memory(tree(MEMINFO, OWN_V2))
    assert (finding.state, finding.found) == ("works", "8.0 GiB of 16.0 GiB available")


@pytest.mark.parametrize(
    "limit",
    [
        {**OWN_V2, "sys/fs/cgroup/box/memory.max": f"{GIB}\n", "sys/fs/cgroup/box/inner/memory.max": "max\n"},
        {
            **OWN_V1,
            "sys/fs/cgroup/memory/box/memory.limit_in_bytes": f"{GIB}\n",
            "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
        },
    ],
    ids=["version 2", "version 1"],
)
def test_a_control_group_with_little_memory_is_a_note(tree, limit):
    finding = memory(tree(MEMINFO, limit))
    assert (finding.state, finding.found) == ("note", "8.0 GiB of 16.0 GiB available, 1.0 GiB by a control group")


def test_a_disk_is_told_for_a_folder_that_is_not_there_yet(tmp_path):
    folder = tmp_path / "not" / "yet"
    finding = room("cache", folder, 1, "make room")
    assert finding.works
    assert finding.found.endswith(f" free at {folder}")


def test_a_folder_that_cannot_be_looked_at_counts_as_not_there_yet(tmp_path):
    assert room("cache", tmp_path / ("long" * 100), 1, "make room").works


def test_a_disk_with_too_little_room_is_a_note(tmp_path):
    finding = room("disk", tmp_path, 1 << 80, "make room")
    assert (finding.state, finding.advice) == ("note", "make room")


def test_shared_memory_that_is_not_there_is_a_note(tree):
    assert shared_memory(tree()).state == "note"


@pytest.mark.parametrize(("processors", "state"), [(1, "works"), (1 << 30, "note")])
def test_open_files_are_enough_for_so_many_processors(processors, state):
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(2000, before[1]), before[1]))
    try:
        assert open_files(processors).state == state
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_this_machine_lacks_nothing_that_is_needed():
    assert [finding for finding in findings() if finding.state == "does not work"] == []
