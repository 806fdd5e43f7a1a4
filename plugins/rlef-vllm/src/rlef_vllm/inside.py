"""Prepare a process of vLLM's engine: vLLM calls `prepare` in each, by the entry point `vllm.general_plugins`."""

import os
import select
import signal
import sys
import threading
from pathlib import Path

DRIVER = "RLEF_VLLM_DRIVER"
"""Environment variable: the process whose end ends the engine."""
LOG = "RLEF_VLLM_LOG"
"""Environment variable: the file that takes what the engine's processes print."""
BACKEND = "rlef"
"""The name of our weight transfer with vLLM."""


class LogStream:
    """What vLLM logs to, in every process: the engine's log while it is named, else nothing."""

    def write(self, text: str) -> None:
        """Append to the file that the environment variable names."""
        if log := os.environ.get(LOG):
            with Path(log).open("a", encoding="utf-8") as file:
                file.write(text)

    def flush(self) -> None:
        """Nothing: every line is written at once."""


LOG_STREAM = LogStream()


def prepare() -> None:
    """Make our weight transfer known; a process of an engine that a policy started also writes to its log and ends with the driver."""
    from vllm.distributed.weight_transfer import WeightTransferEngineFactory  # noqa: PLC0415  # vLLM is there when it calls this

    WeightTransferEngineFactory.register_engine(BACKEND, "rlef_vllm.receiving", "ReceivingEngine")
    driver = os.environ.get(DRIVER)
    if driver and int(driver) != os.getpid():
        _print_to(os.environ[LOG])
        os.setpgid(0, 0)  # Ctrl-C is for the driver, which still wants answers
        _end_with(int(driver))


def _print_to(log: str) -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    descriptor = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.close(descriptor)


def _end_with(driver: int) -> None:
    # The signal of prctl comes when the thread ends that started this process, so a thread of our own looks at the process.
    try:
        descriptor = os.pidfd_open(driver)
    except ProcessLookupError:
        os.kill(os.getpid(), signal.SIGKILL)

    def watch() -> None:
        select.select([descriptor], [], [])
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=watch, name="rlef-vllm: ends with the driver", daemon=True).start()
