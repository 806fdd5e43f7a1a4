# task: sum
# limits: cpu_seconds=0.3 wall_seconds=0.5
# expect: time_limit
# tries: to sleep for ever, with the right answer given
import sys
import time

print(sum(map(int, sys.stdin.read().split())))
sys.stdout.flush()
time.sleep(10**6)
