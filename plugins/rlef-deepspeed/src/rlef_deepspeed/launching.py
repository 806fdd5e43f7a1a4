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
from rlef_deepspeed.hosts import address_for, read_hosts
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

    hosts: how many ranks each machine runs, by name. address: where they reach this machine. command: the launcher's module and what it is
    called with, but for the module that it starts as ranks, which comes last.
    """

    recipe: Recipe
    hosts: Mapping[str, int]
    address: str
    command: tuple[str, ...]

    @classmethod
    def of(cls, recipe: Recipe) -> "Launch":
        """Raises UsageError where the host file, or the devices, do not fit `world_size`."""
        recipe = evolve(recipe, directory=recipe.directory.absolute())
        hostfile, size = recipe.config.hostfile, recipe.config.world_size
        hosts = {"localhost": size} if hostfile is None else read_hosts(hostfile, size)
        _check_devices(recipe.devices, max(hosts.values()))
        address = address_for(hosts)
        command = _torch(size, address, recipe.directory / _SCRATCH) if hostfile is None else _deepspeed(hostfile, hosts, address)
        return cls(recipe, hosts, address, command)

    @property
    def log(self) -> Path:
        """What the launcher itself says."""
        return self.recipe.directory / "launcher.log"

    @property
    def threads(self) -> int:
        """How many CPU threads each rank may keep busy."""
        return max(1, self.recipe.threads // max(self.hosts.values()))

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


def _torch(size: int, address: str, scratch: Path) -> tuple[str, ...]:
    return (
        *("torch.distributed.run", "--nnodes=1", f"--nproc-per-node={size}", "--max-restarts=0"),
        *("--rdzv-backend=c10d", f"--rdzv-endpoint={address}:0", f"--local-addr={address}", f"--log-dir={scratch}", "-m"),
    )


def _deepspeed(hostfile: Path, hosts: Mapping[str, int], address: str) -> tuple[str, ...]:
    if len(hosts) > 1 and shutil.which("pdsh") is None:
        raise UsageError(
            "optimizer.hostfile names several machines, which DeepSpeed starts by pdsh; install it, with ssh that asks nothing"
        )
    return (
        *("deepspeed.launcher.runner", f"--hostfile={hostfile.absolute()}", "--no_ssh_check", "--module", "--no_local_rank"),
        *(f"--master_addr={address}", f"--master_port={_free_port(address)}"),
    )


def _check_devices(devices: Sequence[str], ranks: int) -> None:
    gpus = [device for device in devices if device.startswith("cuda")]
    if gpus and len(gpus) < ranks:
        raise UsageError(
            f"devices.optimizer gives {len(gpus)} GPUs, but a machine runs {ranks} ranks; give each its own, or lower optimizer.world_size"
        )


def _free_port(address: str) -> int:
    with socket.create_server((address, 0)) as probe:
        return int(probe.getsockname()[1])
