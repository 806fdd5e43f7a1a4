"""The CPU time of a tree of processes, read while it lives."""

import subprocess
import sys
import time

import pytest

from rlef_core.bench.tree import cpu_seconds

BURN = "import time\nwhile time.process_time() < {}: pass\n"
TICKS = 0.05
ORPHANING = f"""
import os, sys, time
if os.fork() == 0:
    if os.fork() == 0:
        {BURN.format(1.0).replace(chr(10), chr(10) + " " * 8)}
    os._exit(0)
os.wait()
print(flush=True)
input()
"""


def test_the_time_of_this_process_counts():
    before, own = cpu_seconds(), time.process_time()
    while time.process_time() < own + 0.2:
        pass
    assert cpu_seconds() - before == pytest.approx(time.process_time() - own, abs=0.02)


@pytest.mark.parametrize(
    "shape",
    [
        BURN.format(0.3) + "print(flush=True)\ninput()",
        "import subprocess, sys\n"
        + f"subprocess.run([sys.executable, '-I', '-S', '-c', {BURN.format(0.3)!r}])\nprint(flush=True)\ninput()",
        "import subprocess, sys\n"
        + f"subprocess.run([sys.executable, '-I', '-S', '-c', {(BURN.format(0.3) + 'print(flush=True); input()')!r}])",
    ],
    ids=["a child that lives", "a grandchild that was awaited", "a grandchild that lives"],
)
def test_time_counts_wherever_in_the_tree_it_was_spent(shape):
    before = cpu_seconds()
    with subprocess.Popen([sys.executable, "-I", "-S", "-c", shape], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        child.stdout.readline()
        alive = cpu_seconds() - before
        child.stdin.close()
    ended = cpu_seconds() - before
    assert 0.3 - TICKS < alive <= ended + TICKS
    assert ended == pytest.approx(alive, abs=0.15)


def test_the_time_of_a_process_that_is_no_descendant_does_not_count():
    with subprocess.Popen([sys.executable, "-I", "-S", "-c", ORPHANING], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
        parent.stdout.readline()
        before = cpu_seconds()
        time.sleep(0.4)
        assert cpu_seconds() - before < 0.1
