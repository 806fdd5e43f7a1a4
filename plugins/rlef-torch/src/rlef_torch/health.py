"""Tell which torch is there and what GPUs it could use, without importing it; with a probe, compute on each device."""

import os
import runpy
from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from attrs import frozen

from rlef_core import Health

SIZE = 512
"""Rows and columns of the matrices of the probe."""


@frozen
class Build:
    """What torch says of itself: its version, and the CUDA or ROCm that it was built for, if any."""

    version: str
    platform: str


def findings() -> tuple[Health, ...]:
    """torch, and the GPUs."""
    build = torch_build()
    if build is None:
        return (
            Health("torch", False, "not installed", "run `pip install torch`; on a machine without a GPU the build for CPUs is enough"),
        )
    found = f"{build.version}, built for {build.platform or 'CPUs'}"
    return (Health("torch", True, found, probe=lambda: try_torch(build)), gpus(Path("/"), build, os.environ))


def torch_build() -> Build | None:
    """What torch/version.py holds, which is a hundredth of the time that an import takes; None where there is no torch."""
    spec = find_spec("torch")
    if spec is None or spec.origin is None:
        return None
    told = runpy.run_path(str(Path(spec.origin).with_name("version.py")))
    platform = f"CUDA {told['cuda']}" if told.get("cuda") else f"ROCm {told['hip']}" if told.get("hip") else ""
    return Build(told["__version__"], platform)


def gpus(root: Path, build: Build, environment: Mapping[str, str]) -> Health:
    """The GPUs of NVIDIA's driver; a note where torch was not built for them."""
    names = [_model(file) for file in sorted(root.glob("proc/driver/nvidia/gpus/*/information"))]
    names = names or [file.name for file in sorted(root.glob("dev/nvidia[0-9]*"))]
    if not names:
        return Health("GPUs", True, "none of NVIDIA's; the CPU computes")
    chosen = environment.get("CUDA_VISIBLE_DEVICES")
    found = ", ".join(names) + ("" if chosen is None else f"; CUDA_VISIBLE_DEVICES is {chosen!r}")
    if build.platform:
        return Health("GPUs", True, found)
    return Health("GPUs", False, f"{found}; torch {build.version} cannot use them", "install the build of torch for CUDA", needed=False)


def try_torch(build: Build) -> Health:
    """Multiply matrices on the CPU and on each GPU that torch sees."""
    try:
        torch = import_module("torch")
        devices = [torch.device("cpu"), *(torch.device("cuda", index) for index in range(torch.cuda.device_count()))]
        told = [_product(torch, device) for device in devices]
    except (ImportError, OSError, RuntimeError, ArithmeticError) as error:
        advice = "install the build of torch that fits this machine, and a driver that is as new as its CUDA asks for"
        return Health("torch", False, f"{build.version}: {type(error).__name__}: {' '.join(str(error).split())[:500]}", advice)
    return Health("torch", True, f"{build.version} computes on {', '.join(told)}")


def _product(torch: Any, device: Any) -> str:
    """The device in words. Raises ArithmeticError when the product is wrong, and what torch raises."""
    ones = torch.ones(SIZE, SIZE, device=device)
    least, most = (bound.item() for bound in (ones @ ones).aminmax())
    if (least, most) != (SIZE, SIZE):
        raise ArithmeticError(f"a product of ones on {device} lies between {least} and {most}, expected {SIZE}")
    if device.type == "cpu":
        return f"the CPU with {torch.get_num_threads()} threads"
    about = torch.cuda.get_device_properties(device)
    return f"{device} ({about.name}, {about.total_memory >> 30} GiB, compute capability {about.major}.{about.minor})"


def _model(file: Path) -> str:
    lines = dict(line.split(":", 1) for line in file.read_text(encoding="utf-8").splitlines() if ":" in line)
    return lines.get("Model", file.parent.name).strip()
