"""Processes that compete."""

import subprocess
import sys
import time
from pathlib import Path

from rlef_core.bench.load import SPIN, spinning
from rlef_core.bench.tree import cpu_seconds

START = f"""
import os, subprocess, sys
spinner = subprocess.Popen([sys.executable, '-I', '-S', '-c', {SPIN!r}, str(os.getpid())])
print(spinner.pid, flush=True)
input()
"""


def test_spinning_processes_take_time_and_end_with_the_block():
    before = cpu_seconds()
    with spinning(2):
        time.sleep(0.5)
    assert cpu_seconds() - before > 0.2


def test_a_spinner_ends_when_its_parent_was_killed():
    with subprocess.Popen([sys.executable, "-I", "-S", "-c", START], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
        spinner = int(parent.stdout.readline())
        parent.kill()
    end = time.monotonic() + 20
    while _runs(spinner) and time.monotonic() < end:
        time.sleep(0.05)
    assert not _runs(spinner)


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
