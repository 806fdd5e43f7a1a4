# task: sum
# expect: runtime_error|memory_limit (the stack ends, or the memory)
# tries: to recurse in the interpreter's own code until its stack ends
import json
import sys

sys.setrecursionlimit(2**31 - 1)
deep = None
for _ in range(400_000):
    deep = [deep]
try:
    json.loads("[" * 400_000)
except (RecursionError, ValueError):
    pass
print(len(repr(deep)))
