# task: sum
# expect: accepted (it answers only where the limits of other processes are out of reach)
# expect(multiprocess): accepted (the same: a harness without descriptors or time is a dead one)
# tries: to take descriptors and time from the harness, whose user it is
import os
import resource
import sys

reached = []
for process in {1, os.getppid(), os.getpid() - 1} - {0, os.getpid()}:
    for limit in (resource.RLIMIT_NOFILE, resource.RLIMIT_AS, resource.RLIMIT_FSIZE, resource.RLIMIT_CPU):
        try:
            resource.prlimit(process, limit)
            reached.append((process, limit))
            resource.prlimit(process, limit, (0, 0))
        except OSError:
            continue
print(reached or sum(map(int, sys.stdin.read().split())))
