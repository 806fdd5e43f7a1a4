# task: sum
# expect: accepted (it answers only where the devices are harmless ones)
# tries: to open devices
import os
import sys

HARMLESS = {"null", "zero", "full", "random", "urandom", "shm", "fd", "stdin", "stdout", "stderr"}
NAMES = ("mem", "kmem", "port", "kmsg", "tty", "console", "ptmx", "pts", "fuse", "kvm", "net/tun", "vda", "sda", "loop-control", "rtc", "vsock", "mqueue")
reached = [name for name in os.listdir("/dev") if name not in HARMLESS]
for name in NAMES:
    try:
        os.open(f"/dev/{name}", os.O_RDONLY | os.O_NONBLOCK)
        reached.append(name)
    except OSError:
        continue
print(reached or sum(map(int, sys.stdin.read().split())))
