"""Tensors in files are those that were written, and none is read before it is asked for."""

from pathlib import Path

import pytest
import torch

from rlef_torch.files import Stored, write, written

TENSORS = {f"tensor-{number}": torch.full((number, 10), float(number)) for number in range(1, 6)}


@pytest.fixture
def stored(tmp_path: Path) -> Stored:
    write(tmp_path, "some", TENSORS.items(), file_bytes=250)
    return written(tmp_path, "some")


def test_a_file_that_has_grown_is_followed_by_another(stored: Stored, tmp_path: Path) -> None:
    assert len(list(tmp_path.iterdir())) == 3  # of 40, 80 and 120, 160, 200 bytes
    assert stored.shapes == {name: tuple(tensor.shape) for name, tensor in TENSORS.items()}
    assert all(torch.equal(stored[name], tensor) for name, tensor in TENSORS.items())


def test_nothing_is_read_to_tell_what_there_is(stored: Stored, tmp_path: Path) -> None:
    for path in tmp_path.iterdir():
        path.unlink()
    assert "tensor-3" in stored
    assert "tensor-9" not in stored
