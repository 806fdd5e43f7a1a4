# task: sum
# expect: memory_limit
# tries: to go on with all the memory that it can get
import sys

blocks = []
for _ in range(1500):
    try:
        blocks.append(b"x" * (1 << 20))
    except MemoryError:
        continue
del blocks
print(sum(map(int, sys.stdin.read().split())))
