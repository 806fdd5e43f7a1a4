# task: sum
# expect: runtime_error
# tries: to be taken for a program that ran out of time
import os
import signal

os.kill(os.getpid(), signal.SIGXCPU)
signal.pause()
