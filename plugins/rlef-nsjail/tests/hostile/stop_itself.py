# task: sum
# limits: cpu_seconds=0.3 wall_seconds=0.5
# expect: time_limit
# tries: to wait for ever, stopped
import os
import signal
import sys

print(sum(map(int, sys.stdin.read().split())))
sys.stdout.flush()
os.kill(os.getpid(), signal.SIGSTOP)
