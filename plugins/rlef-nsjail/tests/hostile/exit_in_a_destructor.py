# task: sum
# expect: runtime_error|accepted (whether module variables are destroyed at the end is the interpreter's choice)
# tries: to change its exit code when its last object goes
import os
import sys


class Last:
    def __del__(self, end=os._exit):
        end(9)


last = Last()
print(sum(map(int, sys.stdin.read().split())))
sys.stdout.flush()
