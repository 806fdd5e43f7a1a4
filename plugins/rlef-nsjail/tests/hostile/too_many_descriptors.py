# task: sum
# expect: runtime_error
# tries: to use up the descriptors
import os

while True:
    os.dup(1)
