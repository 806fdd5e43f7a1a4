# task: sum
# limits: cpu_seconds=0.3 wall_seconds=0.5
# expect: time_limit
# tries: to wait for ever for a lock that it holds, at its end
import threading

lock = threading.Lock()
lock.acquire()
threading.Thread(target=lock.acquire).start()
