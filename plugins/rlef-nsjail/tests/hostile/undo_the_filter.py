# task: sum
# expect: accepted (it answers only where a filter stays)
# tries: to take the system-call filter off, or to put one over it that allows everything
import ctypes
import errno
import os
import sys

PRCTL, SECCOMP, ALLOW = 157, 317, 0x7FFF0000
libc = ctypes.CDLL(None, use_errno=True)
code = ctypes.create_string_buffer((6).to_bytes(2, "little") + b"\0\0" + ALLOW.to_bytes(4, "little"), 8)
program = (ctypes.c_uint64 * 2)(1, ctypes.addressof(code))
for call in ((PRCTL, 22, 0, 0, 0, 0), (PRCTL, 22, 2, ctypes.addressof(program), 0, 0), (SECCOMP, 1, 0, ctypes.addressof(program))):
    libc.syscall(*map(ctypes.c_long, call))
reached = []
for name, call in (("fork", (57,)), ("socket", (41, 1, 1, 0)), ("unshare", (272, 1 << 28)), ("listener", (SECCOMP, 1, 8, ctypes.addressof(program)))):
    result = libc.syscall(*map(ctypes.c_long, call))
    if result == 0 and name == "fork":
        os._exit(1)  # the child
    if result != -1 or ctypes.get_errno() not in (errno.EPERM, errno.ENOSYS, errno.EACCES):
        reached.append(name)
print(reached or sum(map(int, sys.stdin.read().split())))
