# task: sum
# limits: cpu_seconds=0.3 wall_seconds=2
# expect: time_limit
# tries: to compute for ever, with the right answer given
import sys

print(sum(map(int, sys.stdin.read().split())))
sys.stdout.flush()
while True:
    pass
