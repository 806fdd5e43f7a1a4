# task: sum
# expect: accepted (it answers only where no limit can be raised)
# tries: to raise the limits that were set for it
import resource
import sys

reached = []
for name in dir(resource):
    if not name.startswith("RLIMIT_"):
        continue
    limit = getattr(resource, name)
    hard = resource.getrlimit(limit)[1]
    try:
        resource.setrlimit(limit, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    except (OSError, ValueError):
        continue
    if hard != resource.RLIM_INFINITY:
        reached.append(name)
print(reached or sum(map(int, sys.stdin.read().split())))
