# task: sum
# expect: accepted
# tries: nothing: memory that is reserved and never used
import mmap
import sys

reserved = mmap.mmap(-1, 300 << 20)
print(sum(map(int, sys.stdin.read().split())) + reserved[0])
