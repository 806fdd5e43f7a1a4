# task: sum
# expect: runtime_error
# tries: to end with its answer still in a buffer whose descriptor is closed
import os
import sys

print(sum(map(int, sys.stdin.read().split())))
for descriptor in (0, 1, 2):
    os.close(descriptor)
