# task: sum
# expect: accepted (a program may write its output as it likes; what stands there at the end counts)
# tries: to write a wrong answer first, and the right one over it
import os
import sys

os.write(1, b"some other text that is longer than the answer\n")
os.ftruncate(1, 0)
os.lseek(1, 0, os.SEEK_SET)
print(sum(map(int, sys.stdin.read().split())))
