# task: file
# expect: wrong_answer|runtime_error (an output that is no plain file is no output; which of the two it is, is the executor's choice)
# tries: to leave a device in the place of its output, by a rename that leaves a whiteout
import ctypes
import os

RENAMEAT2, HERE, WHITEOUT = 316, -100, 4
libc = ctypes.CDLL(None, use_errno=True)
with open("out.txt", "w") as file:
    file.write("1111111115")
libc.syscall(RENAMEAT2, HERE, b"out.txt", HERE, b"elsewhere", WHITEOUT)
if not os.path.lexists("out.txt"):
    raise SystemExit(3)
