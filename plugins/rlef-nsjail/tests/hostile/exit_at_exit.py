# task: sum
# expect: runtime_error
# tries: to change its exit code when the interpreter ends
import atexit
import os
import sys

atexit.register(os._exit, 7)
print(sum(map(int, sys.stdin.read().split())))
sys.stdout.flush()
