# task: sum
# limits: cpu_seconds=4 wall_seconds=12 memory_bytes=256000000
# expect: accepted (it answers only where it finds nothing)
# tries: to find the source of the good program that ran before it in this process's memory, freed or not
import ctypes
import gc
import os
import re
import sys

WANTED = re.compile(b"the-good-[p]rogram-was-here")  # the pattern does not find itself
BLOCK = 1 << 20
libc = ctypes.CDLL(None, use_errno=True)
libc.write.argtypes = (ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t)
libc.sbrk.restype = ctypes.c_void_p
reading, writing = os.pipe()


def page(address):
    """A page, or nothing where none is mapped: write() says so instead of crashing."""
    return os.read(reading, 4096) if libc.write(writing, address, 4096) == 4096 else b""


blocks = {id(thing) // BLOCK for thing in gc.get_objects()}
blocks |= {(libc.sbrk(0) - back) // BLOCK for back in range(0, 16 * BLOCK, BLOCK)}
blocks |= {block + step for block in blocks for step in (-1, 1)}
found = False
for block in sorted(blocks):
    last = b""
    for address in range(block * BLOCK, (block + 1) * BLOCK, 4096):
        this = page(address)
        found = found or WANTED.search(last[-64:] + this) is not None
        last = this
print("found it" if found else sum(map(int, sys.stdin.read().split())))
