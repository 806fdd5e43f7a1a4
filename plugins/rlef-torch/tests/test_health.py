"""What is told about torch and GPUs, and that telling it does not import torch."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from rlef_torch.health import Build, findings, gpus, torch_build, try_torch

ON_CPUS, ON_CUDA = Build("2.13.0+cpu", ""), Build("2.13.0", "CUDA 13.0")
LIGHT = "import sys; from rlef_torch.plugin import rlef_report_health; print(len(list(rlef_report_health())), 'torch' in sys.modules)"


def test_the_report_imports_no_torch() -> None:
    done = subprocess.run([sys.executable, "-c", LIGHT], capture_output=True, text=True, check=True)
    assert done.stdout == "2 False\n"


def test_the_version_is_the_one_that_an_import_tells() -> None:
    build = torch_build()
    assert build is not None
    assert build.version == torch.__version__
    assert build.platform == (f"CUDA {torch.version.cuda}" if torch.version.cuda else "")


@pytest.fixture
def two_gpus(tmp_path: Path) -> Path:
    """The root of a machine with two, as NVIDIA's driver shows them."""
    for number in (1, 2):
        folder = tmp_path / f"proc/driver/nvidia/gpus/0000:0{number}:00.0"
        folder.mkdir(parents=True)
        (folder / "information").write_text("Model: \t\t NVIDIA H100 80GB HBM3\nIRQ:   \t\t 123\nGPU UUID: \t GPU-1:2\n")
    return tmp_path


def test_gpus_are_told_by_model_and_with_what_hides_them(two_gpus: Path) -> None:
    finding = gpus(two_gpus, ON_CUDA, {"CUDA_VISIBLE_DEVICES": "1"})
    assert finding.works
    assert finding.found == "NVIDIA H100 80GB HBM3, NVIDIA H100 80GB HBM3; CUDA_VISIBLE_DEVICES is '1'"


def test_gpus_that_torch_was_not_built_for_are_a_note(two_gpus: Path) -> None:
    finding = gpus(two_gpus, ON_CPUS, {})
    assert (finding.state, finding.advice) == ("note", "install the build of torch for CUDA")


def test_a_container_that_hides_the_drivers_tree_shows_devices(tmp_path: Path) -> None:
    (tmp_path / "dev").mkdir()
    for name in ("nvidia0", "nvidiactl", "nvidia-uvm"):
        (tmp_path / "dev" / name).touch()
    assert gpus(tmp_path, ON_CUDA, {}).found == "nvidia0"


def test_no_gpu_is_no_fault(tmp_path: Path) -> None:
    assert gpus(tmp_path, ON_CUDA, {}).works


def test_the_probe_computes_on_every_device_here() -> None:
    (probe,) = [finding.probe for finding in findings() if finding.probe is not None]
    found = probe()
    assert found.works, found
    assert "computes on the CPU with " in found.found


def test_a_torch_that_cannot_be_imported_does_not_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "torch").mkdir()
    (tmp_path / "torch" / "__init__.py").write_text("raise OSError('libcudart.so.13: cannot open shared object file')\n")
    (tmp_path / "torch" / "version.py").write_text("__version__ = '9.9+cu130'\ncuda = '13.0'\nhip = None\n")
    kept = {name: module for name, module in sys.modules.items() if name.partition(".")[0] == "torch"}
    with monkeypatch.context() as patch:
        for name in kept:
            patch.delitem(sys.modules, name)
        patch.syspath_prepend(tmp_path)
        build = torch_build()
        assert build == Build("9.9+cu130", "CUDA 13.0")
        found = try_torch(build)
    assert not found.works
    assert "OSError: libcudart.so.13" in found.found
    assert sys.modules["torch"] is torch
