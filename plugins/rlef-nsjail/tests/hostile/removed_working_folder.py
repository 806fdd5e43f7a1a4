# task: sum
# expect: accepted (what a program does to its own folder hurts nobody)
# tries: to remove the folder it works in, or to put another in its place
import os
import sys

here = os.getcwd()
for change in (
    lambda: [os.unlink(name) for name in os.listdir(".")],
    lambda: os.rmdir(here),
    lambda: os.rename(here, here + "-moved"),
    lambda: os.symlink("/", here),
):
    try:
        change()
    except OSError:
        continue
print(sum(map(int, sys.stdin.read().split())))
