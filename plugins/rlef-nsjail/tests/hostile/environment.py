# task: sum
# expect: accepted (it answers only where every variable is a known one)
# tries: to find words of the host's in its environment
import ctypes
import os
import sys

KNOWN = {"PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "HOME", "TMPDIR"}
strange = [name for name in os.environ if name not in KNOWN and not name.startswith(("PYTHON", "OMP_", "OPENBLAS_", "MKL_"))]
block = ctypes.POINTER(ctypes.c_char_p).in_dll(ctypes.CDLL(None), "environ")
at = 0
while block[at]:
    if block[at].partition(b"=")[0].decode() not in os.environ:
        strange.append(block[at])
    at += 1
print({name: os.environ.get(name) for name in strange} if strange else sum(map(int, sys.stdin.read().split())))
