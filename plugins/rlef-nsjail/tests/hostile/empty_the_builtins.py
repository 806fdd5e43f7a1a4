# task: sum
# expect: accepted|runtime_error (the interpreter may need at its end what is gone)
# tries: to leave the harness's code without builtins
import builtins
import os
import sys

os.write(1, str(sum(map(int, sys.stdin.read().split()))).encode())
builtins.__dict__.clear()
