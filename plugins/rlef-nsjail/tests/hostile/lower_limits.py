# task: sum
# expect: accepted (it takes from itself only)
# tries: to leave limits that nobody after it could live with
import resource
import sys

total = sum(map(int, sys.stdin.read().split()))
for limit in (resource.RLIMIT_NOFILE, resource.RLIMIT_NPROC, resource.RLIMIT_CORE, resource.RLIMIT_MEMLOCK, resource.RLIMIT_STACK):
    resource.setrlimit(limit, (0, 0))
print(total)
