# task: sum
# expect: runtime_error
# tries: to be taken for a program that ran out of time
import signal

signal.setitimer(signal.ITIMER_REAL, 0.05)
signal.pause()
