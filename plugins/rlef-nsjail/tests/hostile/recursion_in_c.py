# task: sum
# expect: runtime_error
# tries: to recurse in the interpreter's own code until its stack ends
import sys

sys.setrecursionlimit(2**31 - 1)
one, other = [], []
one.append(one)
other.append(other)
print(one == other)
