# task: sum
# expect: accepted (what it does to its own imports hurts nobody)
# tries: to leave the harness's code without imports
import builtins
import sys


def forbidden(*_, **__):
    raise ImportError("no more imports")


builtins.__import__ = forbidden
sys.path.clear()
sys.meta_path.clear()
print(sum(map(int, sys.stdin.read().split())))
