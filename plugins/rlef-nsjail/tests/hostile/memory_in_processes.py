# task: sum
# limits: cpu_seconds=2 wall_seconds=6
# expect: runtime_error
# expect(multiprocess): memory_limit|runtime_error|accepted (with cgroups all of a program is counted; without, each of its processes is bounded)
# tries: to take in eight processes what one may not
import os
import sys
import time

children = []
for _ in range(8):
    child = os.fork()
    if child == 0:
        block = bytearray(b"x") * (60 << 20)
        time.sleep(0.5)
        os._exit(0)
    children.append(child)
for child in children:
    if os.waitpid(child, 0)[1] != 0:
        sys.exit("a child was killed")
print(sum(map(int, sys.stdin.read().split())))
