# task: sum
# expect: wrong_answer
# tries: to write after its end, when the interpreter ends
import atexit
import sys

atexit.register(print, "and more")
print(sum(map(int, sys.stdin.read().split())))
