# task: sum
# expect: runtime_error
# tries: to leave a core, with the right answer given
import os
import resource
import sys

print(sum(map(int, sys.stdin.read().split())))
sys.stdout.flush()
try:
    resource.setrlimit(resource.RLIMIT_CORE, (-1, -1))
except (OSError, ValueError):
    pass
os.abort()
