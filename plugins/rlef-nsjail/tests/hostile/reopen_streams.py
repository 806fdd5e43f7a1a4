# task: sum
# expect: accepted (it answers only where no path leads to a stream)
# tries: to open its streams anew by their paths, which would undo how they were opened
import os
import sys

reached = []
for folder in ("/dev/fd", "/proc/self/fd", "/proc/thread-self/fd", f"/proc/{os.getpid()}/fd"):
    for name in ("0", "1", "2", "3", "4"):
        for flags in (os.O_RDWR, os.O_RDONLY, os.O_WRONLY | os.O_TRUNC):
            try:
                os.open(f"{folder}/{name}", flags)
                reached.append(f"{folder}/{name}")
            except OSError:
                continue
print(reached or sum(map(int, sys.stdin.read().split())))
