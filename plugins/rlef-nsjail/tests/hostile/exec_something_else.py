# task: sum
# expect: runtime_error
# tries: to become a program without the filter of this process
import os
import sys

os.execv(sys.executable or "/bin/sh", ["python", "-c", "print(sum(map(int, input().split())))"])
