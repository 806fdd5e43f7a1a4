# task: sum
# expect: accepted (it answers only where no other process can be signalled, not even to see whether it is there)
# tries: to reach other processes by the system calls themselves
import ctypes
import os
import sys

KILL, TKILL, TGKILL, QUEUE, QUEUE_THREAD, PIDFD_OPEN = 62, 200, 234, 129, 297, 434
libc = ctypes.CDLL(None, use_errno=True)
info = ctypes.create_string_buffer(128)
info[8:12] = (-1 & 0xFFFFFFFF).to_bytes(4, "little")  # SI_QUEUE
reached = []
for process in [-1, 0, *range(1, 300)]:
    if process == os.getpid():
        continue
    for call in (
        (KILL, process, 0),
        (TKILL, process, 0),
        (TGKILL, process, process, 0),
        (QUEUE, process, 0, ctypes.addressof(info)),
        (QUEUE_THREAD, process, process, 0, ctypes.addressof(info)),
        (PIDFD_OPEN, process, 0),
    ):
        if libc.syscall(*map(ctypes.c_long, call)) != -1:
            reached.append(call[:2])
print(reached or sum(map(int, sys.stdin.read().split())))
