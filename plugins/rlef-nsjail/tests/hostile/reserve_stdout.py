# task: sum
# expect: runtime_error
# tries: to reserve memory behind its output
import os
import sys

print(sum(map(int, sys.stdin.read().split())))
sys.stdout.flush()
os.posix_fallocate(1, 0, 1 << 30)
