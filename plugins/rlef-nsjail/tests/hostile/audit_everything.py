# task: sum
# expect: accepted|runtime_error (its own process's last steps may need what it forbids)
# tries: to stop the harness's code by a hook that forbids everything
import os
import sys

print(sum(map(int, sys.stdin.read().split())))
sys.stdout.flush()
os.fstat(1)


def forbid(event, arguments):
    raise RuntimeError(event)


sys.addaudithook(forbid)
