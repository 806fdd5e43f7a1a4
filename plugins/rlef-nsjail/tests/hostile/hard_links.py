# task: sum
# expect: accepted (it answers only where no file outside its folder can be linked to)
# tries: to keep a file of the jail by a second name, and to make names without inodes
import os
import sys

reached = []
for path in (os.__file__, sys.executable, "/etc/passwd", "/dev/null", "/lib/x86_64-linux-gnu/libc.so.6"):
    try:
        os.link(path, "left-by-hostile-link")
        reached.append(path)
    except (OSError, TypeError):
        continue
try:
    with open("left-by-hostile-file", "w") as file:
        file.write("x")
    for number in range(10_000):
        os.link("left-by-hostile-file", f"left-by-hostile-{number}")
except OSError:
    pass
print(reached or sum(map(int, sys.stdin.read().split())))
