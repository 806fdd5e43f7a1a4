# task: sum
# expect: accepted (it answers only where no memory can be locked)
# tries: to lock memory, or to lend it to the kernel
import ctypes
import errno
import sys

MLOCK, MLOCKALL, MLOCK2, VMSPLICE, MBIND, MIGRATE_PAGES, MOVE_PAGES = 149, 151, 325, 278, 237, 256, 279
libc = ctypes.CDLL(None, use_errno=True)
block = ctypes.create_string_buffer(1 << 20)
reached = []
for call in (
    (MLOCK, ctypes.addressof(block), 1 << 20),
    (MLOCKALL, 3),
    (MLOCK2, ctypes.addressof(block), 1 << 20, 0),
    (VMSPLICE, 1, 0, 0, 0),
    (MBIND, ctypes.addressof(block) & ~4095, 4096, 0, 0, 0, 0),
    (MIGRATE_PAGES, 0, 0, 0, 0),
    (MOVE_PAGES, 0, 0, 0, 0, 0, 0),
):
    if libc.syscall(*map(ctypes.c_long, call)) != -1 or ctypes.get_errno() not in (errno.EPERM, errno.ENOSYS, errno.ENOMEM):
        reached.append(call[0])
print(reached or sum(map(int, sys.stdin.read().split())))
