# task: sum
# expect: accepted|runtime_error (the interpreter may need at its end what is gone)
# tries: to leave the harness's code without modules
import os
import sys

os.write(1, str(sum(map(int, sys.stdin.read().split()))).encode())
for module in list(sys.modules.values()):
    if module is not None and module.__name__ not in ("__main__", "sys", "builtins"):
        vars(module).clear()
sys.modules.clear()
