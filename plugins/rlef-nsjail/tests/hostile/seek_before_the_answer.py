# task: sum
# expect: wrong_answer
# tries: to leave a hole of NULs before the right answer
import os
import sys

os.lseek(1, 1000, os.SEEK_SET)
print(sum(map(int, sys.stdin.read().split())))
