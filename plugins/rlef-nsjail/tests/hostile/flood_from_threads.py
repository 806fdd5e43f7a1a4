# task: sum
# expect: output_limit
# tries: to write from many threads at once
import os
import threading


def flood():
    try:
        while True:
            os.write(1, b"x" * 1000)
    except OSError:
        return


for _ in range(4):
    threading.Thread(target=flood).start()
