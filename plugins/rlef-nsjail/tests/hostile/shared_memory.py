# task: sum
# expect: accepted (it answers only where memory cannot be shared beyond its processes)
# tries: to make memory that outlives it
import ctypes
import errno
import os
import sys
from multiprocessing import shared_memory

MEMFD, MEMFD_SECRET, SHMGET, SEMGET, MSGGET, MQ_OPEN = 319, 447, 29, 64, 68, 240
libc = ctypes.CDLL(None, use_errno=True)
reached = []
name = ctypes.create_string_buffer(b"left-by-hostile")
for call in (
    (MEMFD, ctypes.addressof(name), 0),
    (MEMFD_SECRET, 0),
    (SHMGET, 0x1234, 4096, 0o1666),
    (SEMGET, 0x1234, 1, 0o1666),
    (MSGGET, 0x1234, 0o1666),
    (MQ_OPEN, ctypes.addressof(name), os.O_CREAT | os.O_RDWR, 0o600, 0),
):
    if libc.syscall(*map(ctypes.c_long, call)) != -1 or ctypes.get_errno() not in (errno.EPERM, errno.ENOSYS):
        reached.append(call[0])
try:
    shared_memory.SharedMemory("left-by-hostile", create=True, size=4096)
    reached.append("shared memory")
except (OSError, ImportError):
    pass
print(reached or sum(map(int, sys.stdin.read().split())))
