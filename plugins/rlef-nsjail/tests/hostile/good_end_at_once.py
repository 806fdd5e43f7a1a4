# task: sum
# expect: accepted
# tries: nothing: an end without the interpreter's last steps, after a flush
import os
import sys

print(sum(map(int, sys.stdin.readline().split())), flush=True)
os._exit(0)
