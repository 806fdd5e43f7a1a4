# task: sum
# limits: cpu_seconds=1 wall_seconds=3
# expect: memory_limit
# tries: to go on with all the memory that it can get
import time

blocks = []
while True:
    try:
        blocks.append(b"x" * (1 << 20))
    except MemoryError:
        time.sleep(0.01)
