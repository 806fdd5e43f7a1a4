# task: sum
# limits: cpu_seconds=4 wall_seconds=12
# expect: memory_limit|accepted (accepted where no control group counts it: the address space bounds it)
# expect(multiprocess): memory_limit|accepted (as above)
# tries: to fill the jail's memory with what the kernel counts for no process, so that the harness is the biggest and is ended for it
import mmap
import sys

WINDOW, COUNT = 8 << 20, 80
shared = mmap.mmap(-1, WINDOW * COUNT)
for start in range(0, WINDOW * COUNT, WINDOW):
    shared[start : start + WINDOW] = b"x" * WINDOW
    shared.madvise(mmap.MADV_DONTNEED, start, WINDOW)
print(sum(map(int, sys.stdin.read().split())))
