# task: sum
# expect: accepted (whoever wipes must not need room)
# tries: to use up inodes and bytes by folders in folders, each locked behind it
import os
import sys

print(sum(map(int, sys.stdin.read().split())))
sys.stdout.flush()
with open("sink", "wb") as file:
    for folder in ("one", "other"):
        try:
            os.mkdir(folder)
            os.chdir(folder)
            for number in range(20_000):
                os.mkdir("d")
                os.mkdir(f"e{number}")
                os.chdir("d")
                os.chmod("..", 0)
        except OSError:
            os.chdir("/tmp")
    try:
        while True:
            file.write(b"x" * 60_000)
            file.flush()
            os.link("sink", f"sink-{file.tell()}")
    except OSError:
        os.truncate("sink", 1)
