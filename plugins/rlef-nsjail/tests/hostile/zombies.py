# task: sum
# expect: runtime_error
# expect(multiprocess): accepted (the zombies are reaped)
# tries: to leave as many zombies as it can
import os
import sys

print(sum(map(int, sys.stdin.read().split())))
sys.stdout.flush()
for _ in range(8):
    if os.fork() == 0:
        if os.fork() == 0:
            os._exit(1)
        os._exit(0)
