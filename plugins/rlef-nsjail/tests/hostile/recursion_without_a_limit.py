# task: sum
# limits: cpu_seconds=1 wall_seconds=4
# expect: runtime_error|memory_limit (the stack ends, or the memory that holds the frames)
# tries: to recurse until the stack or the memory ends
import sys


class Deeper:
    def __getattr__(self, name):
        return getattr(self, name + "x")


def deeper(depth):
    return deeper(depth + 1) + 1


sys.setrecursionlimit(2**31 - 1)
try:
    deeper(0)
finally:
    print(Deeper().x)
