# task: sum
# limits: cpu_seconds=3 wall_seconds=9
# expect: memory_limit|runtime_error (a refused mapping is an OSError, which says nothing of memory)
# tries: to use up the address space, or the number of mappings
import mmap

maps = []
while True:
    maps.append(mmap.mmap(-1, 1 << 20))
