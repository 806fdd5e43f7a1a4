# task: sum
# limits: cpu_seconds=3 wall_seconds=9
# expect: accepted (it answers only where no file looks like a test)
# tries: to find expected outputs, other programs or secrets anywhere in the file system
import os
import sys

WORDS = ("expected", "hidden", "secret", "private", "verdict", "case_", "cases.", "tests.json", "credential", "token", ".ssh", ".git")
RUNTIME = ("python3", "site-packages", "lib-dynload", "/lib", "include")
found = []
for folder, folders, files in os.walk("/"):
    if any(part in folder for part in RUNTIME):
        continue
    found += [os.path.join(folder, name) for name in (*folders, *files) if any(word in name for word in WORDS)]
print(found or sum(map(int, sys.stdin.read().split())))
