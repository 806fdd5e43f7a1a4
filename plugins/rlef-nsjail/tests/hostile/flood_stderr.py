# task: sum
# expect: accepted (standard error is cut; the answer is right)
# tries: to write to standard error until nothing more fits
import os
import sys

print(sum(map(int, sys.stdin.read().split())))
try:
    for _ in range(10_000):
        os.write(2, b"e" * 65536)
except OSError:
    pass
