# task: sum
# expect: runtime_error
# tries: to be taken for a program that ran out of memory
import os
import signal
import sys

print(sum(map(int, sys.stdin.read().split())))
sys.stdout.flush()
os.kill(os.getpid(), signal.SIGKILL)
