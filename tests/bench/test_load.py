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
    before, end = cpu_seconds(), time.monotonic() + 60
    with spinning(2):
        while cpu_seconds() - before < 0.3 and time.monotonic() < end:
            time.sleep(0.05)
    spent = cpu_seconds() - before
    assert spent > 0.3
    time.sleep(0.3)
    assert cpu_seconds() - before < spent + 0.1


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
