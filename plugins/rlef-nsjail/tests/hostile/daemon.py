# task: sum
# expect: runtime_error
# expect(multiprocess): accepted (the daemon is killed)
# tries: to leave a daemon behind: a session of its own, no streams, all signals ignored
import os
import signal
import sys
import time

print(sum(map(int, sys.stdin.read().split())))
sys.stdout.flush()
if os.fork() == 0:
    os.setsid()
    for number in range(1, 65):
        try:
            signal.signal(number, signal.SIG_IGN)
        except (OSError, ValueError):
            continue
    if os.fork() == 0:
        os.closerange(0, 256)
        while True:
            time.sleep(0.01)
            with open("left-by-hostile-daemon", "a") as file:
                file.write("still here\n")
    os._exit(0)
