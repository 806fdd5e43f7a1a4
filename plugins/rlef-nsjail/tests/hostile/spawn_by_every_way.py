# task: sum
# limits: cpu_seconds=2 wall_seconds=6
# expect: accepted (it answers only where no way leads to a process)
# tries: to start a process by every way that the library knows
import multiprocessing
import os
import pty
import subprocess
import sys

reached = []


def attempt(name, call, *arguments):
    try:
        if call(*arguments) in (-1, 127, 32512):
            return
        reached.append(name)
    except (OSError, RuntimeError, ImportError, AttributeError):
        return


def work():
    return 0


attempt("system", os.system, "true")
attempt("popen", lambda: os.popen("true").close() or 0)
attempt("spawn", os.posix_spawn, sys.executable or "/bin/sh", ["x"], {})
attempt("spawnv", os.spawnv, os.P_NOWAIT, sys.executable or "/bin/sh", ["x"])
attempt("subprocess", subprocess.run, [sys.executable or "/bin/sh", "-c", ""])
attempt("shell", subprocess.check_output, "echo", 0)
attempt("forkpty", pty.fork)
attempt("execv", os.execv, sys.executable or "/bin/sh", ["x"])
attempt("process", lambda: multiprocessing.get_context("fork").Process(target=work).start())
attempt("spawned", lambda: multiprocessing.get_context("spawn").Process(target=work).start())
print(reached or sum(map(int, sys.stdin.read().split())))
