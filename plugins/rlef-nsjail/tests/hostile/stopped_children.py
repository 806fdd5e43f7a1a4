# task: sum
# expect: runtime_error
# expect(multiprocess): accepted (the children are killed, stopped as they are)
# tries: to leave children behind that are stopped and ignore being continued
import os
import signal
import sys

print(sum(map(int, sys.stdin.read().split())))
sys.stdout.flush()
for _ in range(4):
    if os.fork() == 0:
        os.setpgid(0, 0)
        while True:
            os.kill(os.getpid(), signal.SIGSTOP)
