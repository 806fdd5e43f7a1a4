"""Start ranks by a launcher: torch's on this machine, DeepSpeed's with a host file."""

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from time import monotonic, sleep

import psutil
from attrs import evolve, frozen

from rlef_core import UsageError
from rlef_deepspeed.hosts import Places, read_hosts
from rlef_deepspeed.leash import PARENT
from rlef_deepspeed.recipe import Recipe

_PASSED = ("HF_", "NCCL_", "GLOO_", "TORCH_")  # settings of libraries, which ssh would not pass on
_SERVING = "rlef_deepspeed.serving"
_SCRATCH = "launcher"  # empty folders that torch's launcher makes and leaves
_END_SECONDS = 10.0
_POLL_SECONDS = 0.02


@frozen
class Launch:
    """How a recipe's ranks are started.

    command: the launcher's module and what it is called with, but for the module that it starts as ranks, which comes last.
    """

    recipe: Recipe
    places: Places
    command: tuple[str, ...]

    @classmethod
    def of(cls, recipe: Recipe) -> "Launch":
        """Raises UsageError where the host file, or the devices, do not fit `world_size`."""
        recipe = evolve(recipe, directory=recipe.directory.absolute())
        hostfile, size = recipe.config.hostfile, recipe.config.world_size
        slots = {"localhost": size} if hostfile is None else read_hosts(hostfile, size)
        _check_devices(recipe.devices, max(slots.values()))
        if hostfile is None:
            return cls(recipe, Places(slots), _torch(size, recipe.directory / _SCRATCH))
        places = Places.of(slots)
        return cls(recipe, places, _deepspeed(hostfile, places))

    @property
    def log(self) -> Path:
        """What the launcher itself says."""
        return self.recipe.directory / "launcher.log"

    @property
    def threads(self) -> int:
        """How many CPU threads each rank may keep busy."""
        return max(1, self.recipe.threads // max(self.places.slots.values()))

    @property
    def environment(self) -> Mapping[str, str | None]:
        """What ranks set before they import anything heavy."""
        # launchers set CUDA_VISIBLE_DEVICES to the first few, and devices are counted as this process counts them
        visible = "CUDA_VISIBLE_DEVICES"
        passed = {name: value for name, value in os.environ.items() if name.startswith(_PASSED)}
        return {**passed, "OMP_NUM_THREADS": str(self.threads), visible: os.environ.get(visible)}

    def start(self, meeting: Path) -> "subprocess.Popen[bytes]":
        """Start the launcher in a session of its own; it dies with the thread that calls this, which must live as long as the ranks."""
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "rlef_deepspeed.leash", *self.command, _SERVING, str(meeting)],
                env={**os.environ, PARENT: str(os.getpid())},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )


def end(launcher: "subprocess.Popen[bytes]", directory: Path) -> None:
    """Kill a launcher and all that it has started on this machine, and remove what it has left in the ranks' directory."""
    doomed: list[psutil.Process] = []
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(launcher.pid)
        doomed = [process, *process.children(recursive=True)]
    for process in doomed:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(signal.SIGKILL)
    launcher.wait()
    late = monotonic() + _END_SECONDS
    while any(map(_lives, doomed)) and monotonic() < late:
        sleep(_POLL_SECONDS)
    shutil.rmtree(directory / _SCRATCH, ignore_errors=True)


def _lives(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)  # which nobody may ever collect, in a container
    except psutil.NoSuchProcess:
        return False


def _torch(size: int, scratch: Path) -> tuple[str, ...]:
    return (
        *("torch.distributed.run", "--nnodes=1", f"--nproc-per-node={size}", "--max-restarts=0"),
        *("--rdzv-backend=c10d", "--rdzv-endpoint=127.0.0.1:0", "--local-addr=127.0.0.1", f"--log-dir={scratch}", "-m"),
    )


def _deepspeed(hostfile: Path, places: Places) -> tuple[str, ...]:
    by_pdsh = places.elsewhere or len(places.slots) > 1
    if by_pdsh and shutil.which("pdsh") is None:
        raise UsageError("optimizer.hostfile names other machines, which DeepSpeed starts by pdsh; install it, with ssh that asks nothing")
    return (
        *("deepspeed.launcher.runner", f"--hostfile={hostfile.absolute()}", "--no_ssh_check", "--module", "--no_local_rank"),
        *(f"--master_addr={places.meeting}", f"--master_port={_free_port()}"),
        *(("--force_multi",) if by_pdsh else ()),  # or a single machine would be taken for this one
    )


def _check_devices(devices: Sequence[str], ranks: int) -> None:
    gpus = [device for device in devices if device.startswith("cuda")]
    if gpus and len(gpus) < ranks:
        raise UsageError(
            f"devices.optimizer gives {len(gpus)} GPUs, but a machine runs {ranks} ranks; give each its own, or lower optimizer.world_size"
        )


def _free_port() -> int:
    # free here, and so, likely, on rank 0's machine
    with socket.create_server(("", 0)) as probe:
        return int(probe.getsockname()[1])
