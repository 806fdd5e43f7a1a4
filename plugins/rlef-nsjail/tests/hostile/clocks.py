# task: sum
# expect: accepted (it answers only where clocks cannot be set)
# tries: to set the clocks that its time is taken by
import ctypes
import errno
import sys
import time

libc = ctypes.CDLL(None, use_errno=True)
block = ctypes.create_string_buffer(256)
reached = []
for name, call in {
    "settimeofday": (164, ctypes.addressof(block), 0),
    "clock_settime": (227, 0, ctypes.addressof(block)),
    "adjtimex": (159, ctypes.addressof(block)),
    "clock_adjtime": (305, 0, ctypes.addressof(block)),
}.items():
    if libc.syscall(*map(ctypes.c_long, call)) != -1 or ctypes.get_errno() not in (errno.EPERM, errno.ENOSYS):
        reached.append(name)
try:
    time.clock_settime(time.CLOCK_REALTIME, 0)
    reached.append("set")
except OSError:
    pass
print(reached or sum(map(int, sys.stdin.read().split())))
