# task: sum
# expect: accepted (it answers only where it cannot get ahead of others)
# expect(multiprocess): accepted (the same)
# tries: to get more of the processor than others, or to slow the harness
import os
import sys

reached = []


def attempt(name, call, *arguments):
    try:
        call(*arguments)
        reached.append(name)
    except OSError:
        return


attempt("nice", os.nice, -5)
for process in (0, 1, os.getppid()):
    attempt("priority", os.setpriority, os.PRIO_PROCESS, process, -10)
    attempt("slower", os.setpriority, os.PRIO_PROCESS, process, 19)
    attempt("affinity", os.sched_setaffinity, process, {0})
    attempt("idle", os.sched_setscheduler, process, os.SCHED_IDLE, os.sched_param(0))
    attempt("real time", os.sched_setscheduler, process, os.SCHED_FIFO, os.sched_param(1))
    attempt("parameters", os.sched_setparam, process, os.sched_param(0))
print(reached or sum(map(int, sys.stdin.read().split())))
