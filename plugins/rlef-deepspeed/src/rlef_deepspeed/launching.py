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

import psutil
from attrs import frozen

from rlef_core import UsageError
from rlef_deepspeed.hosts import address_for, read_hosts
from rlef_deepspeed.leash import PARENT
from rlef_deepspeed.recipe import Recipe

_SERVING = "rlef_deepspeed.serving"
_END_SECONDS = 10.0


@frozen
class Launch:
    """How a recipe's ranks are started: how many each machine runs, and the address that they reach this machine at."""

    recipe: Recipe
    hosts: Mapping[str, int]
    address: str

    @classmethod
    def of(cls, recipe: Recipe) -> "Launch":
        """Raises UsageError where the host file, or the devices, do not fit `world_size`."""
        hostfile, size = recipe.config.hostfile, recipe.config.world_size
        hosts = {"localhost": size} if hostfile is None else read_hosts(hostfile, size)
        _check_devices(recipe.devices, max(hosts.values()))
        return cls(recipe, hosts, address_for(hosts))

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
        return {"OMP_NUM_THREADS": str(self.threads), visible: os.environ.get(visible)}

    def start(self, meeting: Path) -> "subprocess.Popen[bytes]":
        """Start the launcher in a session of its own; it dies with the thread that calls this, which must live as long as the ranks."""
        command = self._torch() if self.recipe.config.hostfile is None else self._deepspeed(self.recipe.config.hostfile)
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "rlef_deepspeed.leash", *command, _SERVING, str(meeting)],
                env={**os.environ, PARENT: str(os.getpid())},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _torch(self) -> Sequence[str]:
        size, here = self.recipe.config.world_size, self.address
        return (
            *("torch.distributed.run", "--nnodes=1", f"--nproc-per-node={size}", "--max-restarts=0"),
            *("--rdzv-backend=c10d", f"--rdzv-endpoint={here}:0", f"--local-addr={here}", "-m"),
        )

    def _deepspeed(self, hostfile: Path) -> Sequence[str]:
        if len(self.hosts) > 1 and shutil.which("pdsh") is None:
            raise UsageError(
                "optimizer.hostfile names several machines, which DeepSpeed reaches by pdsh; install pdsh, and ssh without a password"
            )
        return (
            *("deepspeed.launcher.runner", f"--hostfile={hostfile.absolute()}", "--no_ssh_check", "--module", "--no_local_rank"),
            *(f"--master_addr={self.address}", f"--master_port={_free_port(self.address)}"),
        )


def end(launcher: "subprocess.Popen[bytes]") -> None:
    """Kill a launcher, and all that it has started on this machine."""
    doomed: list[psutil.Process] = []
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(launcher.pid)
        doomed = [process, *process.children(recursive=True)]
    for process in doomed:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(signal.SIGKILL)
    launcher.wait()
    psutil.wait_procs(doomed, timeout=_END_SECONDS)


def _check_devices(devices: Sequence[str], ranks: int) -> None:
    gpus = [device for device in devices if device.startswith("cuda")]
    if gpus and len(gpus) < ranks:
        raise UsageError(
            f"devices.optimizer gives {len(gpus)} GPUs, but a machine runs {ranks} ranks; give each its own, or lower optimizer.world_size"
        )


def _free_port(address: str) -> int:
    with socket.create_server((address, 0)) as probe:
        return int(probe.getsockname()[1])
