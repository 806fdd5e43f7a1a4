# task: sum
# expect: accepted (it answers only where nothing is left of its former case)
# tries: to leave folders that nobody may enter
import os
import sys

left = [name for folder in (".", "/tmp") for name in os.listdir(folder) if name.startswith("left-by-hostile")]
for folder in (".", "/tmp"):
    try:
        os.makedirs(f"{folder}/left-by-hostile/inside/deeper")
        with open(f"{folder}/left-by-hostile/inside/file", "w") as file:
            file.write("x")
        for path in ("/inside/file", "/inside/deeper", "/inside", ""):
            os.chmod(f"{folder}/left-by-hostile{path}", 0)
    except OSError:
        continue
print(left or sum(map(int, sys.stdin.read().split())))
