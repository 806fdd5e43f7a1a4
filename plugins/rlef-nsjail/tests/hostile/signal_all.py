# task: sum
# expect: accepted (it answers only where it survives; nobody else may notice)
# expect(multiprocess): accepted (the harness is out of reach for those in its jail)
# tries: to end everything that it can signal
import os
import signal
import sys

if os.path.exists("/proc/self"):
    sys.exit("this is no jail: refusing")
for number in [*range(1, 32), *range(34, 65)]:
    for target in (1, -1, os.getppid()):
        try:
            if target != os.getpid():
                os.kill(target, number)
        except OSError:
            continue
    if number == signal.SIGKILL:
        break
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1, signal.SIGCHLD, signal.SIGALRM, signal.SIGSTOP, signal.SIGTSTP, signal.SIGABRT):
    try:
        os.kill(1, number)
    except OSError:
        continue
print(sum(map(int, sys.stdin.read().split())))
