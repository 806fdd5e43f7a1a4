# task: sum
# expect: accepted (it answers only where its input could not be changed)
# tries: to change its input for whoever reads it next
import fcntl
import mmap
import os
import sys

reached = []


def attempt(name, call, *arguments):
    try:
        call(*arguments)
        reached.append(name)
    except (OSError, ValueError):
        return


attempt("write", os.write, 0, b"666")
attempt("pwrite", os.pwrite, 0, b"666", 0)
attempt("truncate", os.ftruncate, 0, 0)
attempt("map", mmap.mmap, 0, 4, mmap.MAP_SHARED, mmap.PROT_WRITE)
attempt("seal", fcntl.fcntl, 0, 1033, 0xF)
attempt("chown", os.fchown, 0, 65534, 65534)
print(reached or sum(map(int, sys.stdin.read().split())))
