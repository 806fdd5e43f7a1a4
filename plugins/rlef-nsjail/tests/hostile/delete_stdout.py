# task: sum
# expect: wrong_answer|runtime_error (an interpreter without streams may call that an error)
# tries: to upset whoever flushes at the end
import sys

print("not the answer")
del sys.stdout, sys.stderr, sys.stdin, sys.__stdout__, sys.__stderr__, sys.excepthook
