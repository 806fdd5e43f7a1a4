# task: sum
# expect: memory_limit
# tries: to hide memory in a shared mapping
import mmap
import sys

shared = mmap.mmap(-1, 512 << 20)
for at in range(0, len(shared), 4096):
    shared[at] = 1
print(sum(map(int, sys.stdin.read().split())))
