# task: sum
# expect: accepted (a daemon thread ends with its process)
# tries: to write after its end, by a thread that nobody waits for
import os
import sys
import threading
import time


def later():
    time.sleep(2)
    while True:
        os.write(1, b"and more\n")


threading.Thread(target=later, daemon=True).start()
print(sum(map(int, sys.stdin.read().split())))
