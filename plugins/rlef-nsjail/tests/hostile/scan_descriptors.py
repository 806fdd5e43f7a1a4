# task: sum
# expect: accepted (it answers only where the three standard descriptors are all there is)
# tries: to find a descriptor of the harness's
import os
import sys

found = []
for descriptor in range(3, 4096):
    try:
        found.append((descriptor, os.fstat(descriptor)))
    except OSError:
        continue
print(found or sum(map(int, sys.stdin.read().split())))
