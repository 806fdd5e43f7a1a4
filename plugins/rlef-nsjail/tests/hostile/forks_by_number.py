# task: sum
# expect: accepted (it answers only where no system call makes a process)
# tries: to make a process by the system calls themselves
import ctypes
import errno
import os
import sys

FORK, VFORK, CLONE, CLONE3 = 57, 58, 56, 435
SIGCHLD, CLONE_VM, CLONE_VFORK, CLONE_PARENT, CLONE_PTRACE = 17, 0x100, 0x4000, 0x8000, 0x2000
NEW = (0x80, 0x20000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000)
libc = ctypes.CDLL(None, use_errno=True)
reached = []


def attempt(number, *arguments):
    if libc.syscall(number, *map(ctypes.c_long, arguments)) == 0:
        os._exit(1)  # a child
    if ctypes.get_errno() not in (errno.EPERM, errno.ENOSYS):
        reached.append((number, arguments, ctypes.get_errno()))


attempt(FORK)
attempt(VFORK)
for flags in (0, SIGCHLD, SIGCHLD | CLONE_PARENT, SIGCHLD | CLONE_PTRACE, *(flag | SIGCHLD for flag in NEW)):
    attempt(CLONE, flags, 0, 0, 0, 0)
attempt(CLONE, CLONE_VM | CLONE_VFORK | SIGCHLD, 0, 0, 0, 0)
attempt(CLONE3, 0, 0)
attempt(CLONE3, ctypes.addressof((ctypes.c_uint64 * 11)(0, 0, 0, 0, SIGCHLD)), 88)
print(reached or sum(map(int, sys.stdin.read().split())))
