# task: sum
# expect: accepted (whoever wipes must not stumble)
# tries: to make folders of the names that a wipe gives to what it moves
import os
import sys

for number in range(60):
    for name in (f".wipe-1-{number}", f".wipe-{os.getpid()}-{number}", f".wipe-{os.getppid()}-{number}", f".wipe-{number}"):
        try:
            os.makedirs(f"{name}/{name}/inside")
        except OSError:
            with open(f"{name}-{number}", "w"):
                continue
with open(".wipe-1-60", "w"), open(".wipe-1-61", "w"):
    print(sum(map(int, sys.stdin.read().split())))
