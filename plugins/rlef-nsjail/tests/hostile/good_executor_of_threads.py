# task: sum
# limits: cpu_seconds=2 wall_seconds=6
# expect: accepted
# tries: nothing: a pool of threads
from concurrent.futures import ThreadPoolExecutor

with ThreadPoolExecutor(4) as pool:
    print(sum(pool.map(int, input().split())))
