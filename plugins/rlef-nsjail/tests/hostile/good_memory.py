# task: sum
# expect: accepted
# tries: nothing: as much memory as is left under the limit
import sys

table = bytearray(b"x") * (80 << 20)
print(sum(map(int, sys.stdin.read().split())) + table[-1] - ord("x"))
