# task: sum
# expect: accepted (it answers only where none of them is there)
# expect(multiprocess): accepted (the same)
# tries: to reach the parts of the kernel where faults are found
import ctypes
import errno
import sys

CALLS = {
    "userfaultfd": (323, 1),
    "bpf": (321, 0, 0, 0),
    "perf_event_open": (298, 0, 0, -1, -1, 0),
    "init_module": (175, 0, 0, 0),
    "finit_module": (313, 0, 0, 0),
    "delete_module": (176, 0, 0),
    "kexec_load": (246, 0, 0, 0, 0),
    "kexec_file_load": (320, 0, 0, 0, 0, 0),
    "reboot": (169, 0, 0, 0, 0),
    "syslog": (103, 10, 0, 0),
    "acct": (163, 0),
    "swapon": (167, 0, 0),
    "swapoff": (168, 0),
    "quotactl": (179, 0, 0, 0, 0),
    "lookup_dcookie": (212, 0, 0, 0),
    "name_to_handle_at": (303, -100, 0, 0, 0, 0),
    "open_by_handle_at": (304, -100, 0, 0),
    "landlock_create_ruleset": (444, 0, 0, 0),
    "pkey_alloc": (330, 0, 0),
    "remap_file_pages": (216, 0, 0, 0, 0, 0),
    "uselib": (134, 0),
    "sysfs": (139, 3, 0, 0),
    "ustat": (136, 0, 0),
    "nfsservctl": (180, 0, 0, 0),
    "not a call": (1 << 20,),
}
libc = ctypes.CDLL(None, use_errno=True)
reached = []
for name, call in CALLS.items():
    if libc.syscall(*map(ctypes.c_long, call)) != -1 or ctypes.get_errno() not in (errno.EPERM, errno.ENOSYS):
        reached.append((name, ctypes.get_errno()))
print(reached or sum(map(int, sys.stdin.read().split())))
