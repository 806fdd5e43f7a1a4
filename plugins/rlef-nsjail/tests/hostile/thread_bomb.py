# task: sum
# expect: runtime_error|memory_limit (threads end where the number of processes does, or their stacks where memory does)
# tries: to start threads until something gives
import threading

stop = threading.Event()
while True:
    threading.Thread(target=stop.wait, daemon=True).start()
