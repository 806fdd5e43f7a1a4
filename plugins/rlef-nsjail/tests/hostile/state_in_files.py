# task: sum
# expect: accepted (it answers only where no place keeps a word)
# expect(multiprocess): accepted (the same)
# tries: to leave a word for its next case in every place that might keep one
import os
import sys

places = {".", "..", "/tmp", "/var/tmp", "/dev/shm", "/run", "/dev", "/", os.environ.get("HOME", "/"), os.environ.get("TMPDIR", "/tmp")}
found = []
for place in sorted(places):
    path = os.path.join(place, "left-by-hostile-word")
    try:
        with open(path) as file:
            found.append((path, file.read()))
    except OSError:
        pass
    try:
        with open(path, "a") as file:
            file.write("a word\n")
    except OSError:
        pass
print(found or sum(map(int, sys.stdin.read().split())))
