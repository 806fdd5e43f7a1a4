# task: sum
# expect: accepted
# tries: nothing: a time limit of its own
import signal
import sys


def late(number, frame):
    raise TimeoutError


signal.signal(signal.SIGALRM, late)
signal.setitimer(signal.ITIMER_REAL, 0.05)
try:
    while True:
        pass
except TimeoutError:
    print(sum(map(int, sys.stdin.read().split())))
