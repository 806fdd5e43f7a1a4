"""Checkpoints are whole or not there; journals go back to where they were."""

import os
from pathlib import Path

import pytest

from rlef_core import CheckpointError, RunState
from rlef_core.training.checkpoints import Checkpoints, read_checkpoint
from rlef_core.training.directory import claim, read_plan, refuse_a_second_run, set_aside, write_plan
from rlef_core.training.journal import Journals, read_journal, rewind
from rlef_core.training.unused import read_unused


async def weights(folder: Path) -> None:
    (folder / "weights.bin").write_bytes(b"w" * 1000)


async def no_space(folder: Path) -> None:
    (folder / "half.bin").write_bytes(b"h")
    raise OSError(28, os.strerror(28))


def checkpoints(directory: Path, keep: int = 2, plan: str = "plan") -> Checkpoints:
    return Checkpoints(directory / "checkpoints", keep, plan)


async def test_a_checkpoint_comes_back_as_it_was_saved(tmp_path: Path) -> None:
    state = RunState(collection=3, position=12, updates=6, version=3, episodes=12, tokens=99)
    await checkpoints(tmp_path).save(state, {"metrics.jsonl": 7}, weights)
    folder, checkpoint = checkpoints(tmp_path).newest()
    assert (folder.name, checkpoint.state, checkpoint.journals) == ("6", state, {"metrics.jsonl": 7})
    assert checkpoint.files == {"optimizer/weights.bin": 1000}


async def test_what_stands_beside_the_optimizers_part_is_counted_too(tmp_path: Path) -> None:
    async def more(folder: Path) -> None:
        (folder / "unused").mkdir()
        (folder / "unused" / "3.jsonl").write_text("{}")

    folder, checkpoint = await checkpoints(tmp_path).save(RunState(updates=2), {}, weights, more)
    assert checkpoint.files == {"optimizer/weights.bin": 1000, "unused/3.jsonl": 2}
    (folder / "unused" / "3.jsonl").unlink()
    with pytest.raises(CheckpointError, match=r"3\.jsonl' has None bytes, expected 2"):
        read_checkpoint(folder)


def test_a_damaged_line_of_what_was_not_learnt_from_is_named(tmp_path: Path) -> None:
    (tmp_path / "unused").mkdir()
    path = tmp_path / "unused" / "3.jsonl"
    head = '{"schema": 1, "seconds": 0.5, "faulted": []}'
    told = {"{": "3.jsonl:1: no collection", '{"schema": 9}': "3.jsonl:1: a collection of schema 9", f"{head}\n{{": "3.jsonl:2: no episode"}
    for text, place in told.items():
        path.write_text(text)
        with pytest.raises(CheckpointError, match=place):
            read_unused(tmp_path)


async def test_only_the_newest_are_kept(tmp_path: Path) -> None:
    for updates in (1, 2, 10):
        await checkpoints(tmp_path).save(RunState(updates=updates), {}, weights)
    assert sorted(path.name for path in (tmp_path / "checkpoints").iterdir()) == ["10", "2"]


async def test_the_newest_healthy_one_is_kept_however_old_and_named_as_the_way_back(tmp_path: Path) -> None:
    for updates, healthy in ((1, True), (2, True), (3, False), (4, False), (5, False)):
        await checkpoints(tmp_path).save(RunState(updates=updates), {}, weights, healthy=healthy)
    assert sorted(path.name for path in (tmp_path / "checkpoints").iterdir()) == ["2", "4", "5"]
    folder = tmp_path / "checkpoints"
    assert f"the last good checkpoint is '{folder}/2': remove what was saved after it ({folder}/4, {folder}/5) and go on" in (
        checkpoints(tmp_path).way_back()
    )
    await checkpoints(tmp_path).save(RunState(updates=6), {}, weights)
    assert sorted(path.name for path in folder.iterdir()) == ["5", "6"]


async def test_a_torn_checkpoint_is_no_good_one(tmp_path: Path) -> None:
    for updates in (1, 2):
        folder, _ = await checkpoints(tmp_path).save(RunState(updates=updates), {}, weights)
    (folder / "optimizer" / "weights.bin").write_bytes(b"w")
    assert f"'{tmp_path}/checkpoints/1'" in checkpoints(tmp_path).way_back()
    assert "start again" in checkpoints(tmp_path / "elsewhere").way_back()


async def test_a_full_disk_leaves_the_earlier_checkpoint_and_nothing_of_the_new_one(tmp_path: Path) -> None:
    await checkpoints(tmp_path).save(RunState(updates=1), {}, weights)
    with pytest.raises(CheckpointError, match=r"No space left on device.*earlier checkpoints are untouched"):
        await checkpoints(tmp_path).save(RunState(updates=2), {}, no_space)
    assert [path.name for path in (tmp_path / "checkpoints").iterdir()] == ["1"]
    assert checkpoints(tmp_path).newest()[1].state.updates == 1


async def test_a_folder_without_a_manifest_is_no_checkpoint(tmp_path: Path) -> None:
    await checkpoints(tmp_path).save(RunState(updates=1), {}, weights)
    (tmp_path / "checkpoints" / "2").mkdir()
    assert checkpoints(tmp_path).newest()[0].name == "1"


async def test_a_torn_file_is_named(tmp_path: Path) -> None:
    folder, _ = await checkpoints(tmp_path).save(RunState(updates=1), {}, weights)
    (folder / "optimizer" / "weights.bin").write_bytes(b"w")
    with pytest.raises(CheckpointError, match=r"weights\.bin' has 1 bytes, expected 1000"):
        read_checkpoint(folder)


async def test_a_checkpoint_of_another_plan_is_refused(tmp_path: Path) -> None:
    await checkpoints(tmp_path).save(RunState(updates=1), {}, weights)
    with pytest.raises(CheckpointError, match="another plan"):
        checkpoints(tmp_path, plan="other").newest()


def test_nothing_to_resume_from_is_said(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="nothing to resume from"):
        checkpoints(tmp_path).newest()


def test_journals_are_set_back_and_their_tails_set_aside(tmp_path: Path) -> None:
    journals = Journals(tmp_path)
    journals.write("metrics.jsonl", {"n": 1})
    journals.write("episodes/train.jsonl", "{}")
    lengths = journals.lengths()
    journals.write("metrics.jsonl", {"n": 2})
    journals.write("faults.jsonl", {"n": 3})
    journals.close()
    rewind(tmp_path, lengths)
    assert [record["n"] for record in read_journal(tmp_path / "metrics.jsonl")] == [1]
    assert [record["n"] for record in read_journal(tmp_path / "metrics.jsonl.tail-1")] == [2]
    assert (tmp_path / "faults.jsonl").read_bytes() == b""
    assert [record["n"] for record in read_journal(tmp_path / "faults.jsonl.tail-1")] == [3]


def test_a_journal_shorter_than_its_checkpoint_is_refused_before_anything_is_touched(tmp_path: Path) -> None:
    (tmp_path / "faults.jsonl").write_bytes(b"more\n")
    with pytest.raises(CheckpointError, match="0 bytes, the checkpoint expects 10"):
        rewind(tmp_path, {"metrics.jsonl": 10})
    assert (tmp_path / "faults.jsonl").read_bytes() == b"more\n"


def test_a_torn_last_line_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "metrics.jsonl").write_bytes(b'{"n": 1}\n{"n": ')
    assert [record["n"] for record in read_journal(tmp_path / "metrics.jsonl")] == [1]


def test_a_directory_in_use_names_its_holder(tmp_path: Path) -> None:
    with claim(tmp_path / "run"), pytest.raises(CheckpointError, match=f"in use by process {os.getpid()}"), claim(tmp_path / "run"):
        raise AssertionError("claimed twice")


async def test_a_directory_that_holds_a_run_is_refused(tmp_path: Path) -> None:
    write_plan(tmp_path, {"spec": {"seed": 1}})
    refuse_a_second_run(tmp_path, {})
    await checkpoints(tmp_path).save(RunState(), {}, weights)
    with pytest.raises(CheckpointError, match=r"already holds a run of another plan \(seed was 1, is 2\)"):
        refuse_a_second_run(tmp_path, {"spec": {"seed": 2}})
    assert read_plan(tmp_path) == {"spec": {"seed": 1}}


async def test_what_a_killed_run_left_half_written_is_cleared(tmp_path: Path) -> None:
    left = tmp_path / "checkpoints" / ".7.partial" / "optimizer"
    left.mkdir(parents=True)
    await checkpoints(tmp_path).save(RunState(updates=8), {}, weights)
    assert [path.name for path in (tmp_path / "checkpoints").iterdir()] == ["8"]


def test_an_earlier_run_is_set_aside_under_the_next_free_name(tmp_path: Path) -> None:
    for expected in ("run.old-1", "run.old-2"):
        (tmp_path / "run").mkdir()
        write_plan(tmp_path / "run", {"name": "earlier"})
        aside = set_aside(tmp_path / "run")
        assert aside is not None
        assert aside.name == expected
    assert set_aside(tmp_path / "run") is None


def test_a_place_that_cannot_be_written_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CheckpointError, match="cannot write to the run's directory"), claim(tmp_path / "file" / "run"):
        raise AssertionError("claimed below a file")
