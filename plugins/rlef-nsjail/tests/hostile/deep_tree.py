# task: sum
# expect: accepted (how deep it got is its own affair; whoever follows must find nothing of it)
# tries: to leave a tree of folders that is deeper than a path may be long
import os
import sys

try:
    for _ in range(3000):
        os.mkdir("left-by-hostile-" + "d" * 200)
        os.chdir("left-by-hostile-" + "d" * 200)
except OSError:
    pass
print(sum(map(int, sys.stdin.read().split())))
