# task: sum
# expect: accepted (it answers only where its process is a fresh one)
# tries: to leave a mask, limits, variables, handlers and a folder to the next case
import os
import signal
import sys

mask = os.umask(0o777)
handled = [number for number in range(1, 32) if signal.getsignal(number) not in (signal.SIG_DFL, signal.SIG_IGN, signal.default_int_handler, None)]
strange = [mask not in (0o22, 0o77, 0o27, 0o7), bool(signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))), bool(handled), "LEFT" in os.environ]
total = sum(map(int, sys.stdin.read().split()))
os.environ.update(LEFT="behind", PYTHONSTARTUP="/tmp/left-by-hostile.py", LD_PRELOAD="/tmp/left-by-hostile.so", PATH="")
signal.alarm(1000)
signal.setitimer(signal.ITIMER_VIRTUAL, 1000)
os.chdir("/")
print(strange if any(strange) else total)
