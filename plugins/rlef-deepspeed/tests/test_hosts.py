"""A host file says how many ranks each machine runs."""

from pathlib import Path

import pytest
from attrs import evolve

from rlef_core import UsageError
from rlef_core.testing import BuildContext
from rlef_deepspeed import hosts
from rlef_deepspeed.config import DeepSpeedPpoConfig
from rlef_deepspeed.hosts import Places, read_hosts
from rlef_deepspeed.launching import Launch
from rlef_deepspeed.recipe import Recipe

pytestmark = pytest.mark.repository


@pytest.fixture
def hostfile(tmp_path: Path) -> Path:
    path = tmp_path / "hosts"
    path.write_text("# two machines\n\nnode-1 slots=2  # the first\nnode-2   slots=1\n")
    return path


def test_comments_and_empty_lines_are_left_out(hostfile: Path) -> None:
    assert read_hosts(hostfile, 3) == {"node-1": 2, "node-2": 1}


def test_slots_that_are_not_the_world_size_are_refused(hostfile: Path) -> None:
    with pytest.raises(UsageError, match=r"has 3 slots, optimizer.world_size is 4; give both the same number"):
        read_hosts(hostfile, 4)


@pytest.mark.parametrize("text", ["node-1\n", "node-1 slots=x\n", "node-1 slots=1\nnode-1 slots=2\n", "node-1 slots=1 max_slots=2\n"])
def test_lines_that_say_something_else_are_refused(hostfile: Path, text: str) -> None:
    hostfile.write_text(text)
    with pytest.raises(UsageError, match=r"has a line 'node-1.*', expected `NAME slots=N`, each name once"):
        read_hosts(hostfile, 1)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"hostfile '.*nowhere' cannot be read: No such file"):
        read_hosts(tmp_path / "nowhere", 1)


def test_ranks_of_this_machine_meet_on_it_alone() -> None:
    assert Places.of({"localhost": 2}) == Places({"localhost": 2}, "127.0.0.1", "127.0.0.1", elsewhere=False)
    with pytest.raises(UsageError, match=r"names 'no-such-machine.invalid', which is not known here"):
        Places.of({"localhost": 2, "no-such-machine.invalid": 2})


def test_ranks_elsewhere_meet_at_the_first_ones_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    ways = {"198.51.100.1": "198.51.100.9", "198.51.100.2": "198.51.100.9"}  # of a machine with two others
    monkeypatch.setattr(hosts, "_way_to", ways.__getitem__)
    found = Places.of({"198.51.100.1": 2, "198.51.100.2": 2})
    assert (found.here, found.meeting, found.elsewhere) == ("198.51.100.9", "198.51.100.1", True)
    found = Places.of({"localhost": 2, "198.51.100.2": 2})
    assert (found.here, found.meeting, found.elsewhere) == ("198.51.100.9", "198.51.100.9", True)


def test_fewer_gpus_than_ranks_are_refused(context: BuildContext) -> None:
    context.devices = ("cuda:2",)
    recipe = Recipe.of(DeepSpeedPpoConfig(world_size=2), context)
    with pytest.raises(UsageError, match=r"devices.optimizer gives 1 GPUs, but a machine runs 2 ranks"):
        Launch.of(recipe)
    assert Launch.of(evolve(recipe, devices=("cuda:2", "cuda:3"))).places.slots == {"localhost": 2}


def test_several_machines_need_pdsh(context: BuildContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hostfile = tmp_path / "hosts"
    hostfile.write_text("localhost slots=1\n127.0.0.1 slots=1\n")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError, match=r"which DeepSpeed starts by pdsh; install it"):
        Launch.of(Recipe.of(DeepSpeedPpoConfig(world_size=2, hostfile=hostfile), context))
