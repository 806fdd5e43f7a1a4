"""Where jails find control groups: on this machine, and in trees like those of other machines."""

import os
from pathlib import Path

import pytest

from rlef_core import RlefError
from rlef_nsjail import cgroups
from rlef_nsjail.plugin import COMPONENT, NsjailConfig

from .conftest import jails, run_all

pytestmark = pytest.mark.repository
MEBIBYTE = 1 << 20


@pytest.fixture
def second(tmp_path: Path, monkeypatch) -> Path:
    """A machine of the second version, whose groups are plain folders."""
    monkeypatch.setattr(cgroups, "V1", tmp_path / "none")
    monkeypatch.setattr(cgroups, "V2_MOUNTS", (tmp_path,))
    monkeypatch.setattr(cgroups, "_own_path", lambda controller: "session.scope")
    group(tmp_path, processes="1\n")
    return tmp_path


def group(path: Path, *, controllers: str = "cpu memory pids", given: str = "", processes: str = "") -> Path:
    path.mkdir(parents=True, exist_ok=True)
    (path / "cgroup.controllers").write_text(controllers + "\n")
    (path / "cgroup.subtree_control").write_text(given + "\n")
    (path / "cgroup.procs").write_text(processes)
    return path


def test_in_the_second_version_a_group_with_processes_of_its_own_gives_nothing_to_those_below(second: Path) -> None:
    group(second / "session.scope", processes="77\n")
    found = cgroups.find("auto")
    assert found.version == 0
    assert "no delegated group with the controllers memory and pids" in found.reason


def test_in_the_second_version_a_delegated_group_that_is_empty_or_gives_already_is_taken(second: Path) -> None:
    empty = group(second / "empty")
    giving = group(second / "giving", given="memory pids", processes="77\n")
    assert cgroups.find("/empty/") == cgroups.Cgroups(2, (empty,))
    assert cgroups.find("giving") == cgroups.Cgroups(2, (giving,))


def test_in_the_second_version_a_group_without_the_controllers_is_not_taken(second: Path) -> None:
    group(second / "poor", controllers="cpu memory")
    assert cgroups.find("poor").version == 0


def test_the_settings_of_the_second_version_are_those_that_nsjail_knows(second: Path) -> None:
    settings = cgroups.find(group(second / "empty").name).settings(5)
    assert settings["use_cgroupv2"]
    assert settings["cgroupv2_mount"] == str(second / "empty")
    assert (settings["cgroup_pids_max"], settings["cgroup_mem_swap_max"]) == (5, 0)


def test_in_the_second_version_memory_is_bounded_and_kills_are_counted_in_its_own_files(second: Path) -> None:
    found = cgroups.find(group(second / "empty").name)
    jail = second / "empty" / "NSJAIL.42"
    jail.mkdir()
    (jail / "memory.events").write_text("low 0\nhigh 0\nmax 9\noom 1\noom_kill 3\n")
    found.limit_memory(42, MEBIBYTE)
    assert int((jail / "memory.max").read_text()) == MEBIBYTE + cgroups.HARNESS_BYTES
    file = found.open_kills(42)
    assert file is not None
    assert cgroups.kills(file) == 3
    os.close(file)


async def test_a_group_that_is_named_and_cannot_be_had_is_refused(opened) -> None:
    config = NsjailConfig(cgroup="no-such-group")
    assert "`cgroup` names 'no-such-group'" in str(COMPONENT.offers(config).unavailable)
    with pytest.raises(RlefError, match="delegate it, or set auto or none"):
        async with opened(cgroup="no-such-group"):
            pass


@pytest.mark.parametrize("setting", ["auto", "none"])
async def test_a_jail_is_in_the_groups_that_were_found_and_its_memory_is_bounded(opened, setting: str) -> None:
    found = cgroups.find(setting)
    async with opened(cgroup=setting) as executor:
        seen = await run_all(executor, "x = bytearray(200 * 2**20)", [b""], memory_bytes=100 * MEBIBYTE)
        assert seen[0].limit is not None
        (jail,) = jails(executor)
        assert jail.cgroups.holds(jail.pid)
        assert [path.name for parent in found.parents for path in parent.glob(f"NSJAIL.{jail.pid}")] == [
            f"NSJAIL.{jail.pid}" for _ in found.parents
        ]
