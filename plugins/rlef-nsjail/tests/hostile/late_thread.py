# task: sum
# expect: wrong_answer
# tries: to write after its end, by a thread that the interpreter waits for
import sys
import threading
import time


def later():
    time.sleep(0.1)
    print("and more")


threading.Thread(target=later).start()
print(sum(map(int, sys.stdin.read().split())))
