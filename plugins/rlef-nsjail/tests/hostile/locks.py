# task: sum
# expect: accepted (it answers only where no file that jails share can be locked or watched)
# expect(multiprocess): accepted (the same)
# tries: to talk to programs of other jails by locks on files that they share
import ctypes
import errno
import fcntl
import os
import struct
import sys

FLOCK, INOTIFY, INOTIFY_ADD, FANOTIFY = 73, 253, 254, 300
libc = ctypes.CDLL(None, use_errno=True)
reached = []
shared = os.open(os.__file__, os.O_RDONLY)


def attempt(name, call, *arguments):
    try:
        call(*arguments)
        reached.append(name)
    except OSError:
        return


attempt("flock", fcntl.flock, shared, fcntl.LOCK_SH | fcntl.LOCK_NB)
attempt("lockf", fcntl.lockf, shared, fcntl.LOCK_SH | fcntl.LOCK_NB)
attempt("lease", fcntl.fcntl, shared, fcntl.F_SETLEASE, fcntl.F_RDLCK)
attempt("notify", fcntl.fcntl, shared, fcntl.F_NOTIFY, fcntl.DN_ACCESS)
attempt("own lock", fcntl.fcntl, shared, 37, struct.pack("hhqqi4x", fcntl.F_RDLCK, 0, 0, 1, 0))
for call in ((FLOCK, shared, 1), (INOTIFY,), (INOTIFY_ADD, 0, 0, 0), (FANOTIFY, 0, 0)):
    if libc.syscall(*map(ctypes.c_long, call)) != -1 or ctypes.get_errno() not in (errno.EPERM, errno.ENOSYS):
        reached.append(call[0])
print(reached or sum(map(int, sys.stdin.read().split())))
