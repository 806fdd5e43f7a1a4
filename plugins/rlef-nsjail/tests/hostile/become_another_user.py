# task: sum
# expect: accepted (it answers only where it stays who it is, and that is not root)
# expect(multiprocess): accepted (the same)
# tries: to become root, or to get capabilities
import ctypes
import errno
import os
import sys

libc = ctypes.CDLL(None, use_errno=True)
header = (ctypes.c_uint32 * 2)(0x20080522, 0)
everything = (ctypes.c_uint32 * 6)(*[0xFFFFFFFF] * 6)
CALLS = {
    "setuid": (105, 0),
    "setgid": (106, 0),
    "setreuid": (113, 0, 0),
    "setregid": (114, 0, 0),
    "setgroups": (116, 0, 0),
    "setresuid": (117, 0, 0, 0),
    "setresgid": (119, 0, 0, 0),
    "setfsuid": (122, 0),
    "setfsgid": (123, 0),
    "capset": (126, ctypes.addressof(header), ctypes.addressof(everything)),
    "raise a capability": (157, 47, 2, 21, 0, 0),
    "keep capabilities": (157, 8, 1, 0, 0, 0),
    "subreaper": (157, 36, 1, 0, 0, 0),
    "ptracer": (157, 0x59616D61, 1, 0, 0, 0),
    "old privileges": (157, 38, 0, 0, 0, 0),
}
reached = [f"uid {os.getuid()}"] * (0 in (*os.getresuid(), *os.getresgid()))
for name, call in CALLS.items():
    if libc.syscall(*map(ctypes.c_long, call)) != -1 or ctypes.get_errno() not in (errno.EPERM, errno.ENOSYS, errno.EINVAL):
        reached.append((name, ctypes.get_errno()))
with open("set-user-id", "wb") as file:
    file.write(b"#!/bin/sh\n")
os.chmod("set-user-id", 0o6755)
print(reached or sum(map(int, sys.stdin.read().split())))
