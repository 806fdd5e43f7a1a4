# task: sum
# expect: accepted (it answers only where its streams are fresh)
# tries: to find what another case left in its streams
import os
import sys

left = [os.fstat(descriptor).st_size for descriptor in (1, 2)] + [os.lseek(descriptor, 0, os.SEEK_CUR) for descriptor in (0, 1, 2)]
print(left if any(left) else sum(map(int, sys.stdin.read().split())))
