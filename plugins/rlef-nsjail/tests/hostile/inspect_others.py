# task: sum
# expect: accepted (it answers only where no process can be looked into)
# expect(multiprocess): accepted (the same)
# tries: to read and change the memory of the harness
import ctypes
import errno
import os
import sys

PTRACE, READ, WRITE, KCMP, PIDFD_OPEN, PIDFD_GETFD, MADVISE, MRELEASE = 101, 310, 311, 312, 434, 438, 440, 448
libc = ctypes.CDLL(None, use_errno=True)
block = ctypes.create_string_buffer(64)
vector = (ctypes.c_uint64 * 2)(ctypes.addressof(block), 8)
at = ctypes.addressof(vector)
reached = []
for process in (1, os.getppid(), os.getpid()):
    for call in (
        (PTRACE, 16, process, 0, 0),
        (PTRACE, 0x4206, process, 0, 0),
        (READ, process, at, 1, at, 1, 0),
        (WRITE, process, at, 1, at, 1, 0),
        (KCMP, process, process, 0, 0, 0),
        (PIDFD_OPEN, process, 0),
        (PIDFD_GETFD, 0, 0, 0),
        (MADVISE, 0, at, 1, 4, 0),
        (MRELEASE, 0, 0),
    ):
        if libc.syscall(*map(ctypes.c_long, call)) != -1 or ctypes.get_errno() not in (errno.EPERM, errno.ENOSYS):
            reached.append(call[:2])
print(reached or sum(map(int, sys.stdin.read().split())))
