# task: sum
# expect: accepted (whoever wipes must not care for names)
# tries: to leave files whose names upset those who list them
import os
import sys

for name in (b"\n", b"-rf", b"\xff\xfe", b"...", b" ", b"x" * 255, b"\x1b[2J", b"a\\b", b"*", b"$(id)", "\N{PILE OF POO}".encode()):
    try:
        os.mkdir(name)
        with open(name + b"/" + name, "wb") as file:
            file.write(name)
    except OSError:
        continue
print(sum(map(int, sys.stdin.read().split())))
