# task: sum
# limits: cpu_seconds=0.3 wall_seconds=1
# expect: time_limit
# expect(multiprocess): time_limit
# tries: to fork for ever, whatever the kernel says
import os

while True:
    try:
        os.fork()
    except OSError:
        continue
