# task: sum
# expect: accepted (what a program does to the modes of its own streams hurts nobody)
# tries: to make its streams unreadable for whoever opens them next
import os
import sys

total = sum(map(int, sys.stdin.read().split()))
print(total)
sys.stdout.flush()
for descriptor in (0, 1, 2):
    for change in (lambda: os.fchmod(descriptor, 0), lambda: os.utime(descriptor, (0, 0))):
        try:
            change()
        except OSError:
            continue
