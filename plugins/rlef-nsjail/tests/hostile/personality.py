# task: sum
# expect: accepted (it answers only where its personality is fixed)
# expect(multiprocess): accepted (the same)
# tries: to change how the kernel runs it
import ctypes
import errno
import sys

CALLS = {"personality": (135, 0x0400000), "modify_ldt": (154, 0, 0, 0), "iopl": (172, 3), "ioperm": (173, 0x80, 1, 1)}
libc = ctypes.CDLL(None, use_errno=True)
reached = []
for name, call in CALLS.items():
    if libc.syscall(*map(ctypes.c_long, call)) != -1 or ctypes.get_errno() not in (errno.EPERM, errno.ENOSYS):
        reached.append((name, ctypes.get_errno()))
print(reached or sum(map(int, sys.stdin.read().split())))
