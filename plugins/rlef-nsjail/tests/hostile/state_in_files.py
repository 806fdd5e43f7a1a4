# task: sum
# expect: accepted (it answers only where no place keeps a word)
# expect(multiprocess): accepted (the same)
# tries: to leave a word for its next case in every place that might keep one
import os
import sys

places = {".", "..", "/tmp", "/var/tmp", "/dev/shm", "/run", "/dev", "/", os.environ.get("HOME", "/"), os.environ.get("TMPDIR", "/tmp")}
paths = [os.path.join(place, "left-by-hostile-word") for place in sorted(places)]
found = [path for path in paths if os.path.lexists(path)]
for path in paths:
    try:
        with open(path, "a") as file:
            file.write("a word\n")
    except OSError:
        pass
print(found or sum(map(int, sys.stdin.read().split())))
