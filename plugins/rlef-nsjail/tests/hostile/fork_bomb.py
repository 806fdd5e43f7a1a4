# task: sum
# expect: runtime_error
# expect(multiprocess): runtime_error
# tries: to fork until something gives
import os

while True:
    os.fork()
