# task: sum
# expect: runtime_error
# expect(multiprocess): accepted (what is left is killed before it writes)
# tries: to write after its end, by a child that outlives it
import os
import sys
import time

print(sum(map(int, sys.stdin.read().split())))
sys.stdout.flush()
if os.fork() == 0:
    time.sleep(3)
    os.write(1, b"and more\n")
    os._exit(0)
