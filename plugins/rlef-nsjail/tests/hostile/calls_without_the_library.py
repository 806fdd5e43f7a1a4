# task: sum
# expect: accepted (it answers only where a filter does not depend on the library)
# tries: to make forbidden calls by machine code of its own
import ctypes
import mmap
import os
import sys

CODE = b"\x48\x89\xf8\x48\x89\xf7\x48\x89\xd6\x48\x89\xca\x0f\x05\xc3"  # rax, rdi, rsi, rdx from the arguments; syscall; ret
page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
page.write(CODE)
call = ctypes.CFUNCTYPE(ctypes.c_long, *[ctypes.c_long] * 4)(ctypes.addressof(ctypes.c_char.from_buffer(page)))
reached = []
for number, *arguments in ((57, 0, 0, 0), (41, 2, 1, 0), (101, 16, 1, 0), (62, 1, 0, 0), (161, 0, 0, 0), (272, 1 << 28, 0, 0)):
    result = call(number, *arguments)
    if result == 0 and number == 57:
        os._exit(1)  # the child
    if result not in (-1, -38):
        reached.append((number, result))
print(reached or sum(map(int, sys.stdin.read().split())))
