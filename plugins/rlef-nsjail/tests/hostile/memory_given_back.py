# task: sum
# expect: memory_limit
# tries: to take too much memory and give it back before anybody looks
import sys

block = bytearray(b"x") * (400 << 20)
del block
print(sum(map(int, sys.stdin.read().split())))
