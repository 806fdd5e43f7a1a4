"""Choose whom programs run as: this user, or as root an unprivileged user of their own."""

import os
import pwd
import socket
from contextlib import suppress
from itertools import filterfalse
from pathlib import Path

SEARCHED = 2048


class Identity:
    """`uid` is None when programs run as this user, who has `threads` of other work. While it is held, no other supervisor of this
    machine takes the same one.
    """

    def __init__(self, uid: int | None, hold: socket.socket | None = None, threads: int = 0) -> None:
        self.uid = uid
        self.hold = hold
        self.threads = threads

    def assume(self) -> None:
        """Become this identity for good; not to be undone."""
        if self.uid is not None:
            os.setgroups([])
            os.setresgid(self.uid, self.uid, self.uid)
            os.setresuid(self.uid, self.uid, self.uid)


def choose(first: int) -> Identity:
    """As root: the first uid from `first` on that is nobody's; held by an abstract socket's name,
    which ends with this process. Else this user.
    """
    if os.geteuid() != 0:
        return Identity(None, threads=_threads_of(os.geteuid()))
    for uid in filterfalse(_has_name, range(first, first + SEARCHED)):
        hold = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            hold.bind(f"\0rlef-core-uid-{uid}")
        except OSError:
            hold.close()
        else:
            return Identity(uid, hold)
    raise OSError(f"every uid from {first} to {first + SEARCHED - 1} is in use by another supervisor")


def _has_name(uid: int) -> bool:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True


def _threads_of(uid: int) -> int:
    threads = 0
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):  # it ended meanwhile
                threads += len(list((entry / "task").iterdir())) if entry.stat().st_uid == uid else 0
    return threads
