# task: sum
# expect: accepted (it answers only where io_uring is out of reach)
# expect(multiprocess): accepted (the same)
# tries: to make system calls that no filter sees
import ctypes
import errno
import sys

SETUP, ENTER, REGISTER, AIO_SETUP = 425, 426, 427, 206
libc = ctypes.CDLL(None, use_errno=True)
parameters = ctypes.create_string_buffer(128)
reached = []
for call in ((SETUP, 8, ctypes.addressof(parameters)), (ENTER, 0, 0, 0, 0, 0, 0), (REGISTER, 0, 0, 0, 0), (AIO_SETUP, 1, ctypes.addressof(parameters))):
    if libc.syscall(*map(ctypes.c_long, call)) != -1 or ctypes.get_errno() not in (errno.EPERM, errno.ENOSYS):
        reached.append(call[0])
print(reached or sum(map(int, sys.stdin.read().split())))
