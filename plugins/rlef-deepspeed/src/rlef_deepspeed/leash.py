"""Tie a process's life to its parent's: `python -m rlef_deepspeed.leash MODULE ...` runs a module so."""

import ctypes
import os
import runpy
import signal
import sys

PARENT = "RLEF_DEEPSPEED_PARENT"
"""The environment variable that tells a leashed module the process that started it."""

_PR_SET_PDEATHSIG = 1


def die_with(parent: int) -> None:
    """Have the kernel kill this process when the thread of `parent` that started it ends; exits where it has ended already."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    if os.getppid() != parent:
        sys.exit(f"process {parent} has ended, and what it started ends too")


def main() -> None:
    """Run the module that the command line names, with the rest of it."""
    die_with(int(os.environ.pop(PARENT)))
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
