# task: sum
# expect: accepted (it answers only where no detour leads to a signal)
# expect(multiprocess): accepted (the same: such signals need no right to send)
# tries: to have the kernel send signals in its place
import fcntl
import os
import socket
import struct
import sys

reached = []


def attempt(name, call, *arguments):
    try:
        call(*arguments)
        reached.append(name)
    except OSError:
        return


left, right = socket.socketpair()
attempt("owner", fcntl.fcntl, left, fcntl.F_SETOWN, 1)
attempt("owner's type", fcntl.fcntl, left, 15, struct.pack("ii", 1, 1))
attempt("signal", fcntl.fcntl, left, 10, 9)
for request in (0x8901, 0x8902):
    attempt(hex(request), fcntl.ioctl, left, request, struct.pack("i", 1))
attempt("terminal", fcntl.ioctl, 0, 0x5412, b"x")
attempt("terminal's group", os.tcsetpgrp, 0, 1)
print(reached or sum(map(int, sys.stdin.read().split())))
