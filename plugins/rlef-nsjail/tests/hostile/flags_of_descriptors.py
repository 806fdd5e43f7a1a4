# task: sum
# expect: accepted (flags of its own streams hurt nobody)
# tries: to leave flags and offsets on streams that the next case might share
import fcntl
import os
import sys

print(sum(map(int, sys.stdin.read().split())))
sys.stdout.flush()
for descriptor in (0, 1, 2):
    for flags in (os.O_NONBLOCK, os.O_APPEND | os.O_ASYNC, os.O_DIRECT | os.O_NOATIME):
        try:
            fcntl.fcntl(descriptor, fcntl.F_SETFL, flags)
            os.lseek(descriptor, 1 << 40, os.SEEK_SET)
        except OSError:
            continue
