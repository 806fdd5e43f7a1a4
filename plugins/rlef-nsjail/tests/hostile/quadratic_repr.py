# task: sum
# limits: cpu_seconds=0.3 wall_seconds=2
# expect: time_limit
# tries: to compute for long in one call that only shows a value
import sys

sys.setrecursionlimit(2**31 - 1)
deep = None
for _ in range(100_000):
    deep = [deep]
print(len(repr(deep)))
