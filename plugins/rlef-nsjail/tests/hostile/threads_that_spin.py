# task: sum
# limits: cpu_seconds=0.3 wall_seconds=3
# expect: time_limit
# tries: to use more time than its own by working in threads
import hashlib
import threading


def work():
    while True:
        hashlib.pbkdf2_hmac("sha256", b"word", b"salt", 10_000)


for _ in range(4):
    threading.Thread(target=work).start()
