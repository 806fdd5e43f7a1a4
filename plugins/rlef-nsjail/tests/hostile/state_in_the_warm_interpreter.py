# task: sum
# expect: accepted (it answers only where the interpreter's own state is fresh)
# tries: to leave a word in the interpreter that cases are forked from
import ctypes
import sys

fresh = sys.intern("left-" + str(len(sys.path) * 0)) and not getattr(sys, "left_by_hostile", None) and sys.getrecursionlimit() >= 1000
sys.left_by_hostile = True
small = ctypes.c_long.from_address(id(1) + 24)  # the digits of the number 1, for every user of this process
total = sum(map(int, sys.stdin.read().split()))
print(total if fresh and small.value & 0xFF == 1 else "there is something left")
sys.stdout.flush()
