# task: sum
# expect: accepted (it answers only where keyrings are out of reach)
# expect(multiprocess): accepted (the same)
# tries: to keep words in the kernel's keyrings, which no file system shows
import ctypes
import errno
import sys

ADD_KEY, REQUEST_KEY, KEYCTL = 248, 249, 250
libc = ctypes.CDLL(None, use_errno=True)
kind, name = ctypes.create_string_buffer(b"user"), ctypes.create_string_buffer(b"left-by-hostile")
reached = []
for call in (
    (ADD_KEY, ctypes.addressof(kind), ctypes.addressof(name), ctypes.addressof(name), 5, -4),
    (REQUEST_KEY, ctypes.addressof(kind), ctypes.addressof(name), 0, -4),
    (KEYCTL, 0, -4, 1),
    (KEYCTL, 1, 0),
):
    if libc.syscall(*map(ctypes.c_long, call)) != -1 or ctypes.get_errno() not in (errno.EPERM, errno.ENOSYS):
        reached.append(call[0])
print(reached or sum(map(int, sys.stdin.read().split())))
