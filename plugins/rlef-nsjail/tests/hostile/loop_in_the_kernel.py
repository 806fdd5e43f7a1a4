# task: sum
# limits: cpu_seconds=0.3 wall_seconds=2
# expect: time_limit
# tries: to spend its time in system calls
import os

while True:
    os.urandom(1 << 16)
