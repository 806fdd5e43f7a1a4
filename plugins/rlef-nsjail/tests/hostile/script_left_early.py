# task: script
# expect: wrong_answer
# tries: to end before the assertions are run
import os
import sys

print("accepted")
sys.stdout.flush()
os._exit(0)
