# task: sum
# expect: memory_limit
# tries: to take memory after its end, when the interpreter ends
import atexit
import sys


def fill():
    blocks = []
    for _ in range(400):
        blocks.append(b"x" * (1 << 20))


atexit.register(fill)
print(sum(map(int, sys.stdin.read().split())))
