# task: sum
# expect: runtime_error
# expect(multiprocess): accepted (it answers only where its former case's memory is gone)
# tries: to find the shared memory of its former case
import os
import sys

if os.listdir("/dev/shm"):
    sys.exit("there is something left")
with open("/dev/shm/left-by-hostile", "wb") as file:
    file.write(b"x" * 4096)
os.mkdir("/dev/shm/left-by-hostile-folder")
os.chmod("/dev/shm/left-by-hostile-folder", 0)
print(sum(map(int, sys.stdin.read().split())))
