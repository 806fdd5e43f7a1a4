# task: sum
# limits: cpu_seconds=3 wall_seconds=9
# expect: accepted (it answers only where nothing outside its folders can be written)
# tries: to write to every folder and file that it finds
import os
import sys

HARMLESS = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")
reached = []
for folder, folders, files in os.walk("/"):
    folders[:] = [name for name in folders if os.path.join(folder, name) not in ("/tmp", "/proc", "/sys", "/dev/shm")]
    paths = [os.path.join(folder, name) for name in files]
    for path, flags in [(os.path.join(folder, "left-by-hostile"), os.O_CREAT | os.O_WRONLY), *((path, os.O_WRONLY) for path in paths)]:
        try:
            os.close(os.open(path, flags))
            reached.extend([path] * (path not in HARMLESS))
        except OSError:
            continue
print(reached or sum(map(int, sys.stdin.read().split())))
