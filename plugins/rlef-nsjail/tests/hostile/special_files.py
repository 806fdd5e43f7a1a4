# task: sum
# expect: accepted (it answers only where no special file can be made)
# tries: to leave files that block or misguide those who open them
import os
import socket
import stat
import sys

reached = []


def attempt(name, call, *arguments):
    try:
        call(*arguments)
        reached.append(name)
    except OSError:
        return


attempt("fifo", os.mkfifo, "left-by-hostile-fifo")
attempt("fifo by number", os.mknod, "left-by-hostile-node", stat.S_IFIFO | 0o600)
attempt("device", os.mknod, "left-by-hostile-device", stat.S_IFCHR | 0o600, os.makedev(1, 3))
attempt("socket", os.mknod, "left-by-hostile-socket", stat.S_IFSOCK | 0o600)
attempt("bound", lambda: socket.socketpair()[0].bind("left-by-hostile-bound"))
print(reached or sum(map(int, sys.stdin.read().split())))
