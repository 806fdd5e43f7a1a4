# task: sum
# expect: wrong_answer
# tries: to pass by an exit code that is cut to 0
import os

os._exit(256)
