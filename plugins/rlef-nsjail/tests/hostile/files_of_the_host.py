# task: sum
# expect: accepted (it answers only where nothing of the host is there)
# expect(multiprocess): accepted (the same)
# tries: to read what hosts keep in well-known places
import os
import sys

PATHS = (
    "/etc/shadow", "/etc/gshadow", "/etc/hostname", "/etc/hosts", "/etc/resolv.conf", "/etc/machine-id", "/etc/ssl", "/etc/fstab",
    "/root", "/home", "/proc/self", "/proc/1/environ", "/proc/mounts", "/proc/cpuinfo", "/sys/class", "/sys/fs/cgroup", "/var/log",
    "/var/run/docker.sock", "/run/secrets", "/run/systemd", "/boot", "/mnt", "/media", "/opt", "/srv",
    "/usr/bin/sh", "/bin/sh", "/usr/bin/env", "/.dockerenv", "/vmlinuz", "/lost+found", "/usr/share/zoneinfo", "/usr/share/doc",
)  # fmt: skip
reached = [path for path in PATHS if os.path.lexists(path)]
if os.path.exists("/etc/passwd"):
    with open("/etc/passwd") as file:
        reached += [line for line in file if not line.startswith(("root:x:0:0:", "nobody:"))]
print(reached or sum(map(int, sys.stdin.read().split())))
