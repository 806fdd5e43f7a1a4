# task: sum
# expect: runtime_error
# expect(multiprocess): runtime_error
# tries: to fork by the system calls of 32-bit programs
import ctypes
import mmap
import os
import sys

CODE = b"\x53\xb8\x02\x00\x00\x00\xcd\x80\x5b\xc3"  # push rbx; mov eax, 2; int 0x80; pop rbx; ret
page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
page.write(CODE)
call = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(page)))
result = call()
if result == 0:
    os._exit(1)
print(f"reached {result}" if result > 0 else sum(map(int, sys.stdin.read().split())))
sys.exit(3)  # refused in another way than by an end
