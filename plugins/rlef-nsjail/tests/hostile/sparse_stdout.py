# task: sum
# expect: output_limit
# tries: to make its output as long as it may get, without writing it
import os
import sys

print(sum(map(int, sys.stdin.read().split())))
sys.stdout.flush()
size = 1 << 50
while size:
    try:
        os.ftruncate(1, os.fstat(1).st_size + size)
    except OSError:
        size //= 2
