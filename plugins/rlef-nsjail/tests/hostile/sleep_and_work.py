# task: sum
# limits: cpu_seconds=0.1 wall_seconds=0.4
# expect: time_limit
# tries: to last as long as it can by working a little between naps
import time

while True:
    time.sleep(0.02)
    until = time.thread_time() + 0.002
    while time.thread_time() < until:
        pass
