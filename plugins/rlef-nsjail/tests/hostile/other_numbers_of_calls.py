# task: sum
# expect: accepted|runtime_error (such calls are refused, or end the program)
# tries: to make forbidden calls by their x32 numbers
import ctypes
import errno
import os
import sys

X32 = 0x40000000
libc = ctypes.CDLL(None, use_errno=True)
reached = []
for number in (57, 58, 56, 59, 41, 101, 165, 272, 520, 521, 545):
    result = libc.syscall(*map(ctypes.c_long, (X32 | number, 17, 0, 0, 0, 0)))
    if result == 0 and number in (56, 57, 58):
        os._exit(1)  # a child
    if result != -1 or ctypes.get_errno() not in (errno.EPERM, errno.ENOSYS):
        reached.append((number, ctypes.get_errno()))
print(reached or sum(map(int, sys.stdin.read().split())))
