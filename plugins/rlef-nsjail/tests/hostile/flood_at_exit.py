# task: sum
# expect: output_limit
# tries: to write more than it may when the interpreter ends
import atexit
import sys

atexit.register(print, "x" * 1_000_000)
print(sum(map(int, sys.stdin.read().split())))
