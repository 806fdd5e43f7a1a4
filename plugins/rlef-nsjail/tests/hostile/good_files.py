# task: sum
# limits: cpu_seconds=2 wall_seconds=6
# expect: accepted
# tries: nothing: temporary files and folders, renamed and removed
import os
import sys
import tempfile

with tempfile.TemporaryDirectory() as folder, tempfile.NamedTemporaryFile("w+", dir=".") as file:
    file.write(sys.stdin.read())
    file.seek(0)
    path = os.path.join(folder, "copy")
    with open(path, "w") as copy:
        copy.write(file.read())
    os.rename(path, path + "-renamed")
    with open(path + "-renamed") as copy:
        print(sum(map(int, copy.read().split())))
