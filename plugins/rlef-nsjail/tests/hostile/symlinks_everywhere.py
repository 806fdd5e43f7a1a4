# task: sum
# expect: accepted (whoever wipes or reads must not follow them)
# tries: to make those who clean up or read results follow links out of the jail
import os
import sys

TARGETS = ("/", "/etc/passwd", "/root", "../../../../etc/shadow", "/proc/1/root", "/dev/zero", "left-by-hostile-0", ".")
NAMES = ("solution.py", "driver.py", "stdout", "stderr", "output", "out.txt", "result.json", "program", "core", "__pycache__")
for folder in (".", "/tmp"):
    for number, target in enumerate(TARGETS):
        for name in (f"left-by-hostile-{number}", NAMES[number], NAMES[-number - 1]):
            try:
                if os.path.lexists(f"{folder}/{name}"):
                    os.unlink(f"{folder}/{name}")
                os.symlink(target, f"{folder}/{name}")
            except OSError:
                continue
print(sum(map(int, sys.stdin.read().split())))
