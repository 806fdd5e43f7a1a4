# task: sum
# expect: accepted (it answers only where its view of the system is fixed)
# expect(multiprocess): accepted (the same)
# tries: to get another view of the system: mounts, roots, namespaces
import ctypes
import errno
import os
import sys

libc = ctypes.CDLL(None, use_errno=True)
words = {word: ctypes.create_string_buffer(word.encode()) for word in ("proc", "tmpfs", "/", "/tmp", ".")}
proc, tmpfs, root, tmp, here = (ctypes.addressof(word) for word in words.values())
CALLS = {
    "mount proc": (165, proc, tmp, proc, 0, 0),
    "mount tmpfs": (165, tmpfs, tmp, tmpfs, 0, 0),
    "remount": (165, root, root, 0, 0x20 | 0x1000, 0),
    "umount": (166, tmp, 2),
    "pivot_root": (155, here, here),
    "chroot": (161, here),
    "move_mount": (429, -100, here, -100, tmp, 0),
    "open_tree": (428, -100, root, 1),
    "fsopen": (430, proc, 0),
    "fsconfig": (431, 0, 0, 0, 0, 0),
    "fsmount": (432, 0, 0, 0),
    "fspick": (433, -100, root, 0),
    "mount_setattr": (442, -100, root, 0, 0, 0),
    "setns": (308, 0, 0),
    "sethostname": (170, here, 1),
    "setdomainname": (171, here, 1),
    **{f"unshare {1 << bit:x}": (272, 1 << bit) for bit in (7, 9, 10, 17, 25, 26, 27, 28, 29, 30)},
}
reached = []
for name, call in CALLS.items():
    if libc.syscall(*map(ctypes.c_long, call)) != -1 or ctypes.get_errno() not in (errno.EPERM, errno.ENOSYS):
        reached.append((name, ctypes.get_errno()))
for path in ("/proc/1", "/proc/self", "/sys/kernel"):
    reached.extend([path] * os.path.exists(path))
print(reached or sum(map(int, sys.stdin.read().split())))
